// Anonymous memory of many megabytes behaves page by page, however it is translated: mprotect(2), munmap(2), madvise(2), fork(2)
// and mincore(2) on single pages in the middle of it, between loops that go all over it.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define SIZE (4ul << 20)
/* Two areas so far apart that a cache of translations with fewer than 32768 entries has one place for both. */
#define APART (128ul << 20)
#define ROUNDS 12000

static volatile uint64_t *first, *second;
static sigjmp_buf back;
static volatile uintptr_t fault;

static void handler(int sig, siginfo_t *info, void *context)
{
    fault = (uintptr_t)info->si_addr;
    siglongjmp(back, sig * 100 + info->si_code);
}

/* Sums and stores all over both areas, in an order that no cache likes. */
__attribute__((noinline)) static uint64_t walk(uint64_t add)
{
    uint64_t sum = 0;
    for (uint32_t i = 0, at = 0; i < ROUNDS; i++, at = (at + 4104 * 7) % SIZE / 8 * 8) {
        sum = sum * 3 + first[at / 8] + second[at / 8];
        if (add) first[at / 8] = sum & 0xffff, second[at / 8] += add;
    }
    return sum;
}

static void show(const char *what, uint64_t add)
{
    int how = sigsetjmp(back, 1);
    if (how == 0) printf("%s: %016lx\n", what, walk(add));
    else printf("%s: signal %d, code %d, page %ld\n", what, how / 100, how % 100, (long)((fault - (uintptr_t)first) / PAGE));
    fflush(stdout);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    char *area = mmap(NULL, APART + SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    first = (uint64_t *)area, second = (uint64_t *)(area + APART);
    mprotect((void *)first, SIZE, PROT_READ | PROT_WRITE);
    mprotect((void *)second, SIZE, PROT_READ | PROT_WRITE);
    for (unsigned long i = 0; i < SIZE / 8; i += 64) first[i] = i, second[i] = ~i;
    for (int i = 0; i < 2; i++) show("plain", 1), show("only read", 0);

    char *page = (char *)first + 700 * PAGE;
    mprotect(page, PAGE, PROT_READ);
    show("read a page that is read-only", 0);
    show("write it", 5);
    mprotect(page, PAGE, PROT_NONE);
    show("no access", 0);
    mprotect(page, PAGE, PROT_READ | PROT_WRITE);
    show("all again", 2);

    madvise(page, PAGE, MADV_DONTNEED);
    unsigned char resident[3];
    mincore(page - PAGE, 3 * PAGE, resident);
    printf("resident: %d %d %d\n", resident[0] & 1, resident[1] & 1, resident[2] & 1);
    show("one page of zeros", 0);
    show("and stores", 3);
    munmap(page, PAGE);
    show("a hole", 1);
    mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    show("filled", 1);

    int pid = fork();
    if (pid == 0) {
        show("child", 7);
        show("child once more", 7);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    show("parent", 0);
    show("parent stores", 1);
    mremap(page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page + PAGE);
    show("a page moved", 1);
    return 0;
}
