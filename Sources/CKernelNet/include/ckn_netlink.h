// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// Netlink sockets: netlink(7), sock_diag(7).

#ifndef CKN_NETLINK_H
#define CKN_NETLINK_H

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

// A socket, or why there is none.
struct ckn_socket {
  // The descriptor, -1 where there is none.
  int descriptor;
  // An errno value, 0 where there is a descriptor.
  int error;
  // 1 where it was the namespace that could not be entered.
  int at_namespace;
};

// Opens a netlink socket of a protocol such as NETLINK_SOCK_DIAG, closed by exec.
//
// It is made in the network namespace that netns is a descriptor of, and stays in it; -1 is the caller's own. The caller
// is never moved: a thread is made for it, because setns(2) moves a thread.
struct ckn_socket ckn_netlink_socket(int netns, int protocol);

// Receives up to count messages (at most 64) from the kernel without waiting, each into a slot of its own of memory.
//
// Returns how many there were, or an errno value made negative. lengths says how many bytes are in each slot: 0 for a
// message that some other process sent.
int ckn_receive_batch(int descriptor, void *memory, unsigned slot, unsigned count, unsigned *lengths);

// Receives one message from the kernel, waiting for it.
//
// Returns its length, which is more than size where it was cut; 0 for a message that some other process sent; or an
// errno value made negative.
long ckn_receive(int descriptor, void *memory, unsigned long size);

#endif
