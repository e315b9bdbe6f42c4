// SPDX-FileCopyrightText: connwatch contributors
// SPDX-License-Identifier: Apache-2.0

// A library that is loaded into connwatch by LD_PRELOAD and lets system calls fail as a test says. It is never linked with
// anything: what it defines has the names of the C library's own functions.
//
// CONNWATCH_FAULTS names a file of FAULTS_SIZE bytes, which is mapped: a number of 8 bytes that is odd while the rest is
// being written and higher after each change, then rules, a line each, ended by a 0. PATTERN is as in fnmatch(3), and is
// held against a path as it was opened; spaces separate.
//
//   clock realtime|boottime NANOSECONDS   is added to what the clock says
//   statfs PATTERN TYPE                   the type (decimal) of the file system of what is opened or named so
//   open PATTERN ERRNO                    open, openat, opendir
//   read PATTERN ERRNO AFTER              read, once AFTER bytes were given; ERRNO 0 is the end of the file
//   skip PATTERN BYTES                    what is read lacks so many bytes at its beginning
//   slow PATTERN MILLISECONDS             each read and write takes that much longer
//   write PATTERN ERRNO                   write, pwrite and ftruncate
//   sync PATTERN ERRNO                    fsync and fdatasync
//   receive BYTES                         the most that SO_RCVBUF and SO_RCVBUFFORCE set

#ifndef FAULTS_H
#define FAULTS_H

#define FAULTS_SIZE 16384

#endif
