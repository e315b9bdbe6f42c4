// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// tracefs: telling it from other file systems, and a mount of it that nobody else sees.

#ifndef CKN_TRACE_H
#define CKN_TRACE_H

#include <errno.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

// statfs(2), which Swift does not import.
static inline int ckn_is_tracefs(int descriptor) {
  struct statfs status;
  return fstatfs(descriptor, &status) == 0 && status.f_type == 0x74726163; // TRACEFS_MAGIC of <linux/magic.h>
}

// fsopen(2), fsconfig(2), fsmount(2): the mount's descriptor, -1 and errno where there is none. Called by number, for
// glibc has these functions only since 2.36. The constants are those of <linux/mount.h>, which clashes with glibc's
// <sys/mount.h>.
static inline int ckn_mount_tracefs(void) {
#if defined(SYS_fsopen) && defined(SYS_fsconfig) && defined(SYS_fsmount)
  const unsigned int close_on_exec = 1; // FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC
  const unsigned int create = 6;        // FSCONFIG_CMD_CREATE
  int context = (int)syscall(SYS_fsopen, "tracefs", close_on_exec);
  if (context < 0) return -1;
  int mount = -1;
  if (syscall(SYS_fsconfig, context, create, (const char *)0, (const void *)0, 0) == 0) {
    mount = (int)syscall(SYS_fsmount, context, close_on_exec, 0);
  }
  int number = errno;
  close(context);
  errno = number;
  return mount;
#else
  errno = ENOSYS;
  return -1;
#endif
}

#endif
