/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fills errors and keeps their head and tail when they are too long. */
#include "base/error.h"
#include "base/own.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Length of @s without a UTF-8 character that was cut off at its end. */
static size_t whole_characters(const char *s, size_t n)
{
	size_t start = n;

	while (start > 0 && n - start < 3 && ((unsigned char)s[start - 1] & 0xc0) == 0x80)
		start--;
	if (start > 0 && ((unsigned char)s[start - 1] & 0xc0) == 0xc0)
		return start - 1; /* at worst one whole character too many goes */
	return n;
}

/* The bytes [@from, @from + @n) of @a followed by @b, as if they were one text. */
static void copy_joined(char *out, const char *a, size_t an, const char *b, size_t from, size_t n)
{
	size_t first = from < an ? an - from : 0;

	if (first > n)
		first = n;
	if (first)
		memcpy(out, a + from, first);
	if (n > first)
		memcpy(out + first, b + (from + first - an), n - first);
}

/* Puts @a followed by @b into the message; what is too long loses its middle, so that both the
 * outermost context and the cause stay. */
static void set_message(struct lc_error *e, const char *a, size_t an, const char *b, size_t bn)
{
	static const char gap[] = " ... ";
	const size_t room = sizeof(e->msg) - 1, part = (room - (sizeof(gap) - 1)) / 2;
	size_t total = an + bn, head, tail = part;
	char *p = e->msg;

	if (total <= room) {
		copy_joined(p, a, an, b, 0, total);
		p[total] = 0;
		return;
	}
	copy_joined(p, a, an, b, 0, part);
	head = whole_characters(p, part);
	memcpy(p + head, gap, sizeof(gap) - 1);
	p += head + sizeof(gap) - 1;
	copy_joined(p, a, an, b, total - tail, tail);
	while (tail > 0 && ((unsigned char)*p & 0xc0) == 0x80) {
		memmove(p, p + 1, tail - 1);
		tail--;
	}
	p[tail] = 0;
}

/* Formats @fmt and puts @tail behind it.  No memory is taken unless the text is beyond every
 * sensible length, and then a failure to get some only costs the end of the formatted part. */
lc_printf(2, 0) static void format_message(struct lc_error *e, const char *fmt, va_list ap,
					   const char *tail)
{
	auto_free char *heap = NULL;
	char fixed[6144], *text = fixed;
	size_t size = sizeof(fixed), n;
	va_list again;
	int len;

	va_copy(again, ap);
	len = vsnprintf(fixed, sizeof(fixed), fmt, ap);
	n = len < 0 ? 0 : (size_t)len;
	if (n >= size) {
		heap = malloc(n + 1);
		if (heap) {
			text = heap;
			size = n + 1;
			vsnprintf(heap, size, fmt, again);
		} else {
			n = size - 1;
		}
	}
	va_end(again);
	set_message(e, text, n, tail, strlen(tail));
}

int lc_err(struct lc_error *e, int code, const char *fmt, ...)
{
	va_list ap;

	e->code = code;
	e->sys_errno = 0;
	va_start(ap, fmt);
	format_message(e, fmt, ap, "");
	va_end(ap);
	return -1;
}

int lc_err_errno(struct lc_error *e, const char *fmt, ...)
{
	int saved = errno;
	char tail[128];
	va_list ap;

	snprintf(tail, sizeof(tail), ": %s", lc_errno_text(saved));
	e->code = LC_ESYSTEM;
	e->sys_errno = saved;
	va_start(ap, fmt);
	format_message(e, fmt, ap, tail);
	va_end(ap);
	errno = saved;
	return -1;
}

int lc_err_in(struct lc_error *e, const char *fmt, ...)
{
	char inner[sizeof(e->msg) + 2] = ": ";
	size_t n = strnlen(e->msg, sizeof(e->msg) - 1);
	int saved = errno;
	va_list ap;

	memcpy(inner + 2, e->msg, n);
	inner[n + 2] = 0;
	va_start(ap, fmt);
	format_message(e, fmt, ap, inner);
	va_end(ap);
	errno = saved;
	return -1;
}

static const char *const errno_texts[] = {
	[EPERM] = "operation not permitted",
	[ENOENT] = "no such file or directory",
	[ESRCH] = "no such process",
	[EINTR] = "interrupted system call",
	[EIO] = "input/output error",
	[ENXIO] = "no such device or address",
	[E2BIG] = "argument list too long",
	[ENOEXEC] = "exec format error",
	[EBADF] = "bad file descriptor",
	[ECHILD] = "no child processes",
	[EAGAIN] = "resource temporarily unavailable",
	[ENOMEM] = "cannot allocate memory",
	[EACCES] = "permission denied",
	[EFAULT] = "bad address",
	[ENOTBLK] = "block device required",
	[EBUSY] = "device or resource busy",
	[EEXIST] = "file exists",
	[EXDEV] = "invalid cross-device link",
	[ENODEV] = "no such device",
	[ENOTDIR] = "not a directory",
	[EISDIR] = "is a directory",
	[EINVAL] = "invalid argument",
	[ENFILE] = "too many open files in system",
	[EMFILE] = "too many open files",
	[ENOTTY] = "inappropriate ioctl for device",
	[ETXTBSY] = "text file busy",
	[EFBIG] = "file too large",
	[ENOSPC] = "no space left on device",
	[ESPIPE] = "illegal seek",
	[EROFS] = "read-only file system",
	[EMLINK] = "too many links",
	[EPIPE] = "broken pipe",
	[EDOM] = "numerical argument out of domain",
	[ERANGE] = "numerical result out of range",
	[EDEADLK] = "resource deadlock avoided",
	[ENAMETOOLONG] = "file name too long",
	[ENOLCK] = "no locks available",
	[ENOSYS] = "function not implemented",
	[ENOTEMPTY] = "directory not empty",
	[ELOOP] = "too many levels of symbolic links",
	[ENOMSG] = "no message of desired type",
	[EIDRM] = "identifier removed",
	[ECHRNG] = "channel number out of range",
	[EL2NSYNC] = "level 2 not synchronized",
	[EL3HLT] = "level 3 halted",
	[EL3RST] = "level 3 reset",
	[ELNRNG] = "link number out of range",
	[EUNATCH] = "protocol driver not attached",
	[ENOCSI] = "no csi structure available",
	[EL2HLT] = "level 2 halted",
	[EBADE] = "invalid exchange",
	[EBADR] = "invalid request descriptor",
	[EXFULL] = "exchange full",
	[ENOANO] = "no anode",
	[EBADRQC] = "invalid request code",
	[EBADSLT] = "invalid slot",
	[EBFONT] = "bad font file format",
	[ENOSTR] = "device not a stream",
	[ENODATA] = "no data available",
	[ETIME] = "timer expired",
	[ENOSR] = "out of streams resources",
	[ENONET] = "machine is not on the network",
	[ENOPKG] = "package not installed",
	[EREMOTE] = "object is remote",
	[ENOLINK] = "link has been severed",
	[EADV] = "advertise error",
	[ESRMNT] = "srmount error",
	[ECOMM] = "communication error on send",
	[EPROTO] = "protocol error",
	[EMULTIHOP] = "multihop attempted",
	[EDOTDOT] = "rfs specific error",
	[EBADMSG] = "bad message",
	[EOVERFLOW] = "value too large for defined data type",
	[ENOTUNIQ] = "name not unique on network",
	[EBADFD] = "file descriptor in bad state",
	[EREMCHG] = "remote address changed",
	[ELIBACC] = "can not access a needed shared library",
	[ELIBBAD] = "accessing a corrupted shared library",
	[ELIBSCN] = ".lib section in a.out corrupted",
	[ELIBMAX] = "attempting to link in too many shared libraries",
	[ELIBEXEC] = "cannot exec a shared library directly",
	[EILSEQ] = "invalid or incomplete multibyte or wide character",
	[ERESTART] = "interrupted system call should be restarted",
	[ESTRPIPE] = "streams pipe error",
	[EUSERS] = "too many users",
	[ENOTSOCK] = "socket operation on non-socket",
	[EDESTADDRREQ] = "destination address required",
	[EMSGSIZE] = "message too long",
	[EPROTOTYPE] = "protocol wrong type for socket",
	[ENOPROTOOPT] = "protocol not available",
	[EPROTONOSUPPORT] = "protocol not supported",
	[ESOCKTNOSUPPORT] = "socket type not supported",
	[EOPNOTSUPP] = "operation not supported",
	[EPFNOSUPPORT] = "protocol family not supported",
	[EAFNOSUPPORT] = "address family not supported by protocol",
	[EADDRINUSE] = "address already in use",
	[EADDRNOTAVAIL] = "cannot assign requested address",
	[ENETDOWN] = "network is down",
	[ENETUNREACH] = "network is unreachable",
	[ENETRESET] = "network dropped connection on reset",
	[ECONNABORTED] = "software caused connection abort",
	[ECONNRESET] = "connection reset by peer",
	[ENOBUFS] = "no buffer space available",
	[EISCONN] = "transport endpoint is already connected",
	[ENOTCONN] = "transport endpoint is not connected",
	[ESHUTDOWN] = "cannot send after transport endpoint shutdown",
	[ETOOMANYREFS] = "too many references: cannot splice",
	[ETIMEDOUT] = "connection timed out",
	[ECONNREFUSED] = "connection refused",
	[EHOSTDOWN] = "host is down",
	[EHOSTUNREACH] = "no route to host",
	[EALREADY] = "operation already in progress",
	[EINPROGRESS] = "operation now in progress",
	[ESTALE] = "stale file handle",
	[EUCLEAN] = "structure needs cleaning",
	[ENOTNAM] = "not a xenix named type file",
	[ENAVAIL] = "no xenix semaphores available",
	[EISNAM] = "is a named type file",
	[EREMOTEIO] = "remote i/o error",
	[EDQUOT] = "disk quota exceeded",
	[ENOMEDIUM] = "no medium found",
	[EMEDIUMTYPE] = "wrong medium type",
	[ECANCELED] = "operation canceled",
	[ENOKEY] = "required key not available",
	[EKEYEXPIRED] = "key has expired",
	[EKEYREVOKED] = "key has been revoked",
	[EKEYREJECTED] = "key was rejected by service",
	[EOWNERDEAD] = "owner died",
	[ENOTRECOVERABLE] = "state not recoverable",
	[ERFKILL] = "operation not possible due to rf-kill",
	[EHWPOISON] = "memory page has hardware error",
};

const char *lc_errno_text(int err)
{
	static _Thread_local char unknown[32];

	if (err > 0 && (size_t)err < ARRAY_SIZE(errno_texts) && errno_texts[err])
		return errno_texts[err];
	snprintf(unknown, sizeof(unknown), "error %d", err);
	return unknown;
}
