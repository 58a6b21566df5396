// Calls and returns: Fibonacci numbers the slow way.
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static long fib(long n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

int main(int argc, char **argv)
{
    // One step less is a share of 0.618.
    int n = 41;
    for (double share = argc > 1 ? atof(argv[1]) : 1; share < 0.99; share /= 0.618) n--;
    printf("%ld\n", fib(n));
}
