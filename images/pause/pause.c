/*
 * pause: the first process of a pod. It holds the pod's namespaces open, reaps orphans, and does nothing else.
 *
 *   pause          sleep in the namespaces that the engine gave
 *   pause netns    first leave the engine's network for a new, empty network namespace of its own
 *   pause join     first join the network namespace that is mounted at /netns: that of the pod's node
 *
 * An engine needs about as long for a container's network sandbox as for everything else of its start. A pod's network is
 * plugged by the agent anyway, so the container is started in the host's network, which costs nothing, and leaves it here,
 * before any other process of the pod exists. That takes CAP_SYS_ADMIN for a system call; right after it every
 * capability is dropped and no_new_privs is set, so nothing can come back through an execve either.
 *
 * Freestanding: no libc, no dynamic linker; a page of code. SIGTERM and SIGINT end it at once (status 0). A refused
 * change of network ends it with status 77 (EX_NOPERM), which tells the agent to start the pod's pause in the ordinary way.
 */

#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <asm/unistd.h>

#define SIGINT 2
#define SIGTERM 15
#define SIGCHLD 17
#define SIG_BLOCK 0
#define WNOHANG 1

#define O_RDONLY_CLOEXEC 02000000
#define AT_FDCWD -100

enum { EXIT_STOPPED = 0, EXIT_USAGE = 64, EXIT_SYSTEM = 71, EXIT_REFUSED = 77 };

static long syscall5(long number, long a, long b, long c, long d, long e)
{
#if defined(__x86_64__)
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
			 : "memory");
	return x0;
#else
#error "pause knows the system call conventions of x86-64 and arm64 only"
#endif
}

static long syscall4(long number, long a, long b, long c, long d)
{
	return syscall5(number, a, b, c, d, 0);
}

__attribute__((noreturn)) static void leave(int status)
{
	for (;;)
		syscall4(__NR_exit_group, status, 0, 0, 0);
}

static void complain(const char *sentence)
{
	long length = 0;

	while (sentence[length])
		length++;
	syscall4(__NR_write, 2, (long)sentence, length, 0);
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static void drop_privileges(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0, 0, 0 }, { 0, 0, 0 } };

	if (syscall4(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0) < 0 ||
	    syscall4(__NR_capset, (long)&header, (long)none, 0, 0) < 0) {
		complain("pause: the kernel did not let go of the capabilities\n");
		leave(EXIT_SYSTEM);
	}
}

/*
 * The signals stay blocked and are taken one by one. That also makes process 1, which the kernel shields from
 * signals without a handler, see them.
 */
__attribute__((noreturn)) static void hold(const unsigned long *awaited)
{
	for (;;) {
		long signal = syscall4(__NR_rt_sigtimedwait, (long)awaited, 0, 0, sizeof(*awaited));

		if (signal == SIGTERM || signal == SIGINT)
			leave(EXIT_STOPPED);
		while (syscall4(__NR_wait4, -1, 0, WNOHANG, 0) > 0)
			;
	}
}

/* Without a namespace of its own, or that of its node, a pod would be in a network that is not meant for it. */
static void change_network(const char *way)
{
	long result;

	if (same(way, "netns")) {
		result = syscall4(__NR_unshare, CLONE_NEWNET, 0, 0, 0);
	} else {
		result = syscall4(__NR_openat, AT_FDCWD, (long)"/netns", O_RDONLY_CLOEXEC, 0);
		if (result >= 0)
			result = syscall4(__NR_setns, result, CLONE_NEWNET, 0, 0);
	}
	if (result < 0) {
		complain("pause: another network namespace was refused\n");
		leave(EXIT_REFUSED);
	}
}

__attribute__((noreturn, used)) void start(const long *stack)
{
	const unsigned long awaited =
		1UL << (SIGINT - 1) | 1UL << (SIGTERM - 1) | 1UL << (SIGCHLD - 1);
	const long argc = stack[0];
	const char *const *argv = (const char *const *)(stack + 1);

	syscall4(__NR_rt_sigprocmask, SIG_BLOCK, (long)&awaited, 0, sizeof(awaited));
	if (argc > 2 || (argc == 2 && !same(argv[1], "netns") && !same(argv[1], "join"))) {
		complain("usage: pause [netns|join]\n");
		leave(EXIT_USAGE);
	}
	if (argc == 2)
		change_network(argv[1]);
	drop_privileges();
	hold(&awaited);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x0, sp\n\tbl start\n");
#endif
