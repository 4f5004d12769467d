// SPDX-License-Identifier: MIT
/*
 * libc's own functions behind those this library puts in front of them: what dlsym(RTLD_NEXT) finds, so that
 * sanitizers and other preloaded libraries stay in the chain.
 */
#ifndef DXGSIM_PRELOAD_REAL_H
#define DXGSIM_PRELOAD_REAL_H

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

/* X(name, result, parameters) */
#define REAL_FUNCTIONS(X)                                                                           \
	X(open, int, (const char *path, int flags, ...))                                            \
	X(openat, int, (int dir, const char *path, int flags, ...))                                 \
	X(fopen, FILE *, (const char *path, const char *mode))                                      \
	X(opendir, DIR *, (const char *path))                                                       \
	X(fclose, int, (FILE * stream))                                                             \
	X(ioctl, int, (int fd, unsigned long request, ...))                                         \
	X(close, int, (int fd))                                                                     \
	X(close_range, int, (unsigned int first, unsigned int last, int flags))                     \
	X(dup, int, (int fd))                                                                       \
	X(dup2, int, (int fd, int to))                                                              \
	X(dup3, int, (int fd, int to, int flags))                                                   \
	X(fcntl, int, (int fd, int command, ...))                                                   \
	X(read, ssize_t, (int fd, void *buffer, size_t size))                                       \
	X(write, ssize_t, (int fd, const void *buffer, size_t size))                                \
	X(readv, ssize_t, (int fd, const struct iovec *vector, int count))                          \
	X(writev, ssize_t, (int fd, const struct iovec *vector, int count))                         \
	X(lseek, off_t, (int fd, off_t offset, int whence))                                         \
	X(mmap, void *, (void *at, size_t size, int prot, int flags, int fd, off_t off))            \
	X(munmap, int, (void *at, size_t size))                                                     \
	X(mremap, void *, (void *at, size_t old_size, size_t new_size, int flags, ...))             \
	X(mprotect, int, (void *at, size_t size, int prot))                                         \
	X(access, int, (const char *path, int mode))                                                \
	X(faccessat, int, (int dir, const char *path, int mode, int flags))                         \
	X(stat, int, (const char *path, struct stat *st))                                           \
	X(lstat, int, (const char *path, struct stat *st))                                          \
	X(fstat, int, (int fd, struct stat *st))                                                    \
	X(fstatat, int, (int dir, const char *path, struct stat *st, int flags))                    \
	X(statx, int, (int dir, const char *path, int flags, unsigned int mask, struct statx *stx)) \
	X(readlink, ssize_t, (const char *path, char *buffer, size_t size))                         \
	X(readlinkat, ssize_t, (int dir, const char *path, char *buffer, size_t size))

struct real {
#define REAL_MEMBER(name, result, parameters) result(*name) parameters;
	REAL_FUNCTIONS(REAL_MEMBER)
#undef REAL_MEMBER
};

/*
 * Declares played_NAME, which is the NAME that programs call: the linker knows it by that name, the compiler, which
 * has its own ideas of libc's functions, does not.
 */
#define INTERPOSE(result, name, parameters) \
	__attribute__((visibility("default"))) result played_##name parameters __asm__(#name)

/* Resolved at the first call; ends the program if libc lacks a function. */
const struct real *real(void);

#endif
