// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

#ifndef CKN_NAMESPACE_H
#define CKN_NAMESPACE_H

// Calls work(argument) on a thread of its own that has entered a network namespace by setns(2), and waits for it. The
// calling thread stays where it is. Returns what the work returned; -1 with errno set where the thread could not be
// made or may not enter. What the work leaves in errno is handed on.
int ckn_in_network(int net_namespace, int (*work)(void *), void *argument);

// As open(2) for reading, on a thread that has entered a network namespace.
int ckn_open_in_network(int net_namespace, const char *path);

#endif
