/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where hull begins: what run/self-exe.c does by executing hull once more, done in place, before
 * there is a libc.
 *
 * All that hull has mapped of its file is mapped anew, from a detached read-only mount of it, and
 * then the kernel is asked to take that for what the process executes (PR_SET_MM_MAP), which it
 * refuses as long as anything is mapped by the old path.  Only here that is easy: nothing of the
 * data has been written yet, and few pages have been touched, which all are made once more.
 *
 * It needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE in the own user namespace, and a kernel with
 * CONFIG_CHECKPOINT_RESTORE.  Where it is refused, or anything else is not as it should be, nothing
 * is said: main() asks the kernel about /proc/self/exe and executes hull once more if need be.
 *
 * No call of libc, no thread-local storage (the stack protector's included), no address that would
 * have to be relocated.  Strings are in the code, since another page costs more than all the rest.
 */
#include <elf.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define EARLY __attribute__((no_stack_protector)) /* configure asks for it */

enum { PAGE = 4096 }; /* x86-64 has no other */

struct attr { /* struct mount_attr: libcs disagree on which header has it */
	uint64_t set, clear, propagation, userns_fd;
};

#pragma GCC visibility push(hidden)
extern const char hull_early_exe[], hull_early_fd[], hull_early_words[], hull_early_empty[];
extern const Elf64_Ehdr __ehdr_start; /* the linker's */
void hull_early(const uintptr_t *stack);
#pragma GCC visibility pop

/* Where the kernel begins.  `commands` of src/main.c has the words, too: those that enter. */
__asm__(".pushsection .text.hull_entry, \"ax\", @progbits\n"
	".globl hull_entry\n"
	".type hull_entry, @function\n"
	"hull_entry:\n"
	"	endbr64\n"
	"	mov %rsp, %rdi\n"
	"	push %rdx\n" /* what _start is given */
	"	sub $8, %rsp\n"
	"	call hull_early\n"
	"	add $8, %rsp\n"
	"	pop %rdx\n"
	"	jmp _start\n"
	".size hull_entry, . - hull_entry\n"
	"hull_early_exe: .asciz \"/proc/self/exe\"\n"
	"hull_early_fd: .asciz \"/proc/self/fd/\"\n"
	"hull_early_words: .asciz \"create\", \"exec\", \"restore\", \"run\", \"sandbox\"\n"
	"hull_early_empty: .asciz \"\"\n"
	".popsection\n");

EARLY static inline long call(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#define CALL3(nr, a, b, c)	 call(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define CALL5(nr, a, b, c, d, e) call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)

/* Whether the word is one of the list, which ends with an empty one. */
EARLY static bool is_one_of(const char *word, const char *list)
{
	while (*list) {
		const char *w = word;

		while (*list && *list == *w)
			list++, w++;
		if (!*list && !*w)
			return true;
		while (*list)
			list++;
		list++;
	}
	return false;
}

/* As main() does: any word may be the command. */
EARLY static bool enters_container(const uintptr_t *stack)
{
	for (uintptr_t i = 2; i <= stack[0]; i++)
		if (is_one_of((const char *)stack[i], hull_early_words))
			return true;
	return false;
}

/* A file of a mount is opened through procfs: a descriptor of it alone cannot be read. */
EARLY static int open_again(int tree)
{
	char path[32];
	size_t n = 0;

	for (; hull_early_fd[n]; n++)
		path[n] = hull_early_fd[n];
	if (tree >= 100)
		path[n++] = (char)('0' + tree / 100 % 10);
	if (tree >= 10)
		path[n++] = (char)('0' + tree / 10 % 10);
	path[n++] = (char)('0' + tree % 10);
	path[n] = 0;
	return tree < 1000 ? (int)CALL3(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
}

/* An emulator may have shown us its own binary. */
EARLY static bool is_ours(int fd)
{
	const unsigned char *own = (const unsigned char *)&__ehdr_start;
	unsigned char head[sizeof(Elf64_Ehdr)];

	if (CALL3(SYS_read, fd, head, sizeof(head)) != sizeof(head))
		return false;
	for (size_t i = 0; i < sizeof(head); i++)
		if (head[i] != own[i])
			return false;
	return true;
}

/* Over itself, with the same content.  What the kernel would refuse it refuses before it unmaps. */
EARLY static bool map_segment(const Elf64_Phdr *p, int fd)
{
	uintptr_t from = p->p_vaddr & -(uintptr_t)PAGE, end = p->p_vaddr + p->p_filesz;
	int prot = (p->p_flags & PF_R ? PROT_READ : 0) | (p->p_flags & PF_W ? PROT_WRITE : 0) |
		   (p->p_flags & PF_X ? PROT_EXEC : 0);
	long got = call(SYS_mmap, (long)from, (long)(end - from), prot, MAP_PRIVATE | MAP_FIXED, fd,
			(long)(p->p_offset & -(uintptr_t)PAGE));

	if (got != (long)from)
		return false;
	/* Behind the data variables begin that are zero: volatile, lest it becomes a memset(). */
	if (p->p_memsz > p->p_filesz)
		for (volatile char *c = (char *)end; (uintptr_t)c % PAGE; c++)
			*c = 0;
	return true;
}

EARLY static const Elf64_Phdr *headers(void)
{
	return (const void *)((const char *)&__ehdr_start + __ehdr_start.e_phoff);
}

EARLY static bool map_segments(int fd)
{
	const Elf64_Phdr *p = headers();

	for (int i = 0; i < __ehdr_start.e_phnum; i++)
		if (p[i].p_type == PT_LOAD && p[i].p_filesz && !map_segment(&p[i], fd))
			return false;
	return true;
}

EARLY static uintptr_t end_of(uintptr_t string)
{
	const char *s = (const char *)string;

	while (*s)
		s++;
	return (uintptr_t)s + 1;
}

/* The kernel takes the executable only together with all that it knows of a process's memory:
 * here that is described as it is already. */
EARLY static void describe(struct prctl_mm_map *map, const uintptr_t *stack)
{
	const Elf64_Phdr *p = headers();
	const uintptr_t *argv = stack + 1, *env = argv + stack[0] + 1;

	for (int i = 0; i < __ehdr_start.e_phnum; i++) {
		if (p[i].p_type != PT_LOAD)
			continue;
		if (p[i].p_flags & PF_X) {
			map->start_code = p[i].p_vaddr;
			map->end_code = p[i].p_vaddr + p[i].p_filesz;
		}
		map->start_data = p[i].p_vaddr;
		map->end_data = p[i].p_vaddr + p[i].p_filesz;
	}
	map->start_brk = map->brk = (uint64_t)CALL3(SYS_brk, 0, 0, 0);
	map->start_stack = (uintptr_t)stack;
	map->arg_start = argv[0];
	map->env_start = map->arg_end = end_of(argv[stack[0] - 1]);
	map->env_end = map->env_start;
	for (; *env; env++)
		map->env_end = end_of(*env);
}

EARLY void hull_early(const uintptr_t *stack)
{
	struct prctl_mm_map map = { 0 };
	struct attr attr = { .set = 1 /* MOUNT_ATTR_RDONLY */ };
	int tree, fd = -1;

	if (__ehdr_start.e_type != ET_EXEC || !enters_container(stack))
		return;
	tree = (int)CALL3(SYS_open_tree, AT_FDCWD, hull_early_exe, 1 /* CLONE */ | O_CLOEXEC);
	if (tree < 0)
		return;
	if (!CALL5(SYS_mount_setattr, tree, hull_early_empty, AT_EMPTY_PATH, &attr, sizeof(attr)))
		fd = open_again(tree);
	if (fd >= 0 && is_ours(fd) && map_segments(fd)) {
		describe(&map, stack);
		map.exe_fd = (uint32_t)fd;
		CALL5(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0);
	}
	if (fd == tree + 1) {
		CALL3(SYS_close_range, tree, fd, 0);
		return;
	}
	if (fd >= 0)
		CALL3(SYS_close, fd, 0, 0);
	CALL3(SYS_close, tree, 0, 0);
}
