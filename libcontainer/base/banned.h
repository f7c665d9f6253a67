/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Functions that do not compile here; the compiler is told to include this first of all.  They
 * are declared before the system's own headers do, so that these inherit the attribute.  alloca()
 * is a macro and is caught by -Walloca.
 */
#ifndef LC_BANNED_H
#define LC_BANNED_H

#ifdef __has_attribute
#if __has_attribute(unavailable) /* gcc 12, clang */
#define LC_BANNED(why) __attribute__((unavailable(why)))

/* No bounds. */
char *strcpy(char *, const char *) LC_BANNED("use snprintf or struct buf");
char *strcat(char *, const char *) LC_BANNED("use snprintf or struct buf");
int sprintf(char *, const char *, ...) LC_BANNED("use snprintf or buf_addf");
int vsprintf(char *, const char *, __builtin_va_list) LC_BANNED("use vsnprintf");

/* No errors, hidden state. */
char *strtok(char *, const char *) LC_BANNED("use strsep or strchr");
int atoi(const char *) LC_BANNED("use str_u32 or str_i64");
long atol(const char *) LC_BANNED("use str_i64");
long long atoll(const char *) LC_BANNED("use str_i64");
char *strerror(int) LC_BANNED("use lc_errno_text: lower case, never localised");

/* Descriptors that are not close-on-exec, paths that are resolved by name. */
int open(const char *, int, ...) LC_BANNED("use openat with O_CLOEXEC, or sys_openat2");
int creat(const char *, unsigned int) LC_BANNED("use openat with O_CLOEXEC");
int dup(int) LC_BANNED("use fcntl(fd, F_DUPFD_CLOEXEC, 3)");

/* A shell. */
int system(const char *) LC_BANNED("use posix_spawn or clone3 with an argument vector");

/* The name service loads the host's (or the container's) libraries. */
struct passwd *getpwnam(const char *) LC_BANNED("parse passwd by descriptor");
struct passwd *getpwuid(unsigned int) LC_BANNED("parse passwd by descriptor");
struct group *getgrnam(const char *) LC_BANNED("parse group by descriptor");
struct group *getgrgid(unsigned int) LC_BANNED("parse group by descriptor");

#endif
#endif

#endif
