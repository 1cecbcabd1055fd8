/*
 * Makes the program start on glibc 2.28 and later, whatever glibc the machine has that links it: docs/decisions/0046.
 *
 * The linker's --wrap sends each call of a function NAME in BoundFunctions.h to __wrap_NAME here, which goes on to NAME in the version
 * that glibc 2.28 has. Every later glibc has that version still, and only a tail jump is added, so that the caller stays the caller.
 */
#if defined(__x86_64__)
#define VERSION(version) "GLIBC_" version
#define JUMP(name) "jmp *" name "@GOTPCREL(%rip)"
#elif defined(__aarch64__) /* whose first glibc is 2.17: every function here is of that version */
#define VERSION(version) "GLIBC_2.17"
#define JUMP(name) "adrp x16, :got:" name "\nldr x16, [x16, :got_lo12:" name "]\nbr x16"
#else
#error "Which glibc this architecture begins with, and how it jumps, is not written down here."
#endif

#define BIND(name, version)                                       \
    __asm__(".pushsection .text.__wrap_" #name ",\"ax\",%progbits\n" \
            ".globl __wrap_" #name "\n"                           \
            ".type __wrap_" #name ", %function\n"                 \
            "__wrap_" #name ":\n" JUMP("old_" #name) "\n"         \
            ".size __wrap_" #name ", . - __wrap_" #name "\n"      \
            ".popsection\n"                                       \
            ".symver old_" #name ", " #name "@" VERSION(version));

#include "BoundFunctions.h"

/*
 * Up to 2.33 a program hands __libc_start_main the function that runs its constructors; crt1.o of 2.34 and later hands none, since
 * there glibc runs them. So the call in crt1.o comes here, and gets that function, which later versions of glibc still honour.
 * Source: glibc 2.28 csu/elf-init.c, __libc_csu_init; glibc 2.34 csu/libc-start.c, __libc_start_main_impl.
 */
typedef void constructor(int, char **, char **);

extern constructor *__init_array_start[] __attribute__((visibility("hidden")));
extern constructor *__init_array_end[] __attribute__((visibility("hidden")));
extern void _init(void);

extern int old_start(int (*)(int, char **, char **), int, char **, constructor *, void (*)(void), void (*)(void), void *);
__asm__(".symver old_start, __libc_start_main@" VERSION("2.2.5"));

static void construct(int argc, char **argv, char **environment)
{
    _init();
    for (constructor **each = __init_array_start; each < __init_array_end; each++) (*each)(argc, argv, environment);
}

int __wrap___libc_start_main(
    int (*main)(int, char **, char **), int argc, char **argv, constructor *init, void (*fini)(void), void (*unload)(void), void *stack)
{
    return old_start(main, argc, argv, init ? init : construct, fini, unload, stack);
}
