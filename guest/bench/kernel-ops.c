/*
 * What kernel operations cost, in nanoseconds each: a line "name<TAB>nanoseconds" per operation.
 * usage: kernel-ops [SCALE]   SCALE multiplies the number of rounds (default 1)
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double scale = 1;
static volatile long handled;
static char *page;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

static void report(const char *name, double start, long rounds)
{
    printf("%s\t%.0f\n", name, (now() - start) / rounds);
    fflush(stdout);
}

static void count(int signo)
{
    (void)signo;
    handled++;
}

static void unprotect(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)info;
    (void)context;
    handled++;
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void check(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "kernel-ops: %s\n", what);
        exit(1);
    }
}

static void syscalls(void)
{
    long rounds = 300000 * scale;
    double start = now();
    for (long i = 0; i < rounds; i++)
        syscall(SYS_getppid);
    report("getppid", start, rounds);
}

static void signals(void)
{
    long rounds = 50000 * scale;
    signal(SIGUSR1, count);
    handled = 0;
    double start = now();
    for (long i = 0; i < rounds; i++)
        kill(getpid(), SIGUSR1);
    report("kill+handler+sigreturn", start, rounds);
    check(handled == rounds, "signals were lost");

    rounds = 20000 * scale;
    struct sigaction action = {.sa_sigaction = unprotect, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    handled = 0;
    start = now();
    for (long i = 0; i < rounds; i++) {
        mprotect(page, 4096, PROT_NONE);
        *(volatile char *)page = 1;
    }
    report("fault+handler+mprotect", start, rounds);
    check(handled == rounds, "faults were lost");

    rounds = 30000 * scale;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    start = now();
    for (long i = 0; i < rounds; i++) {
        siginfo_t info;
        union sigval value = {.sival_int = (int)i};
        sigqueue(getpid(), SIGRTMIN, value);
        sigwaitinfo(&set, &info);
        check(info.si_value.sival_int == (int)i, "a value was lost");
    }
    report("sigqueue+sigwaitinfo", start, rounds);
}

static void pipes(void)
{
    long rounds = 20000 * scale;
    int there[2], back[2];
    char byte = 0;
    check(pipe(there) == 0 && pipe(back) == 0, "pipe");
    if (fork() == 0) {
        while (read(there[0], &byte, 1) == 1 && byte == 0)
            write(back[1], &byte, 1);
        _exit(0);
    }
    double start = now();
    for (long i = 0; i < rounds; i++) {
        write(there[1], &byte, 1);
        read(back[0], &byte, 1);
    }
    report("pipe round trip", start, rounds);
    byte = 1;
    write(there[1], &byte, 1);
    wait(NULL);

    static char buffer[4096];
    rounds = 20000 * scale;
    start = now();
    for (long i = 0; i < rounds; i++) {
        write(there[1], buffer, sizeof buffer);
        read(there[0], buffer, sizeof buffer);
    }
    report("pipe 4096 bytes", start, rounds);
}

struct message {
    long type;
    char text[64];
};

static void messages(void)
{
    long rounds = 20000 * scale;
    int there = msgget(IPC_PRIVATE, 0600), back = msgget(IPC_PRIVATE, 0600);
    struct message m = {.type = 1};
    check(there >= 0 && back >= 0, "msgget");
    if (fork() == 0) {
        for (long i = 0; i < rounds; i++) {
            msgrcv(there, &m, sizeof m.text, 0, 0);
            msgsnd(back, &m, sizeof m.text, 0);
        }
        _exit(0);
    }
    double start = now();
    for (long i = 0; i < rounds; i++) {
        msgsnd(there, &m, sizeof m.text, 0);
        msgrcv(back, &m, sizeof m.text, 0, 0);
    }
    report("msg round trip", start, rounds);
    wait(NULL);
    msgctl(there, IPC_RMID, NULL);
    msgctl(back, IPC_RMID, NULL);
}

static void semaphores(void)
{
    long rounds = 20000 * scale;
    int set = semget(IPC_PRIVATE, 2, 0600);
    struct sembuf down[2] = {{0, -1, 0}, {1, -1, 0}}, up[2] = {{0, 1, 0}, {1, 1, 0}};
    check(set >= 0, "semget");
    if (fork() == 0) {
        for (long i = 0; i < rounds; i++) {
            semop(set, &down[0], 1);
            semop(set, &up[1], 1);
        }
        _exit(0);
    }
    double start = now();
    for (long i = 0; i < rounds; i++) {
        semop(set, &up[0], 1);
        semop(set, &down[1], 1);
    }
    report("semop round trip", start, rounds);
    wait(NULL);
    semctl(set, 0, IPC_RMID);
}

static void processes(void)
{
    long rounds = 300 * scale;
    double start = now();
    for (long i = 0; i < rounds; i++) {
        if (fork() == 0)
            _exit(0);
        wait(NULL);
    }
    report("fork+exit+wait", start, rounds);

    rounds = 100 * scale;
    start = now();
    for (long i = 0; i < rounds; i++) {
        if (fork() == 0) {
            execl("/proc/self/exe", "kernel-ops", "0", "exec", (char *)NULL);
            _exit(1);
        }
        int status;
        wait(&status);
        check(status == 0, "exec");
    }
    report("fork+exec+wait", start, rounds);
}

int main(int argc, char **argv)
{
    // The program that "fork+exec+wait" starts is this one.
    if (argc > 2)
        return 0;
    if (argc > 1)
        scale = atof(argv[1]);
    syscalls();
    signals();
    pipes();
    messages();
    semaphores();
    processes();
    return 0;
}
