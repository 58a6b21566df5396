// Setjmp and longjmp: values, deep unwinding, a loop of jumps, coroutine-like returns to an outer frame, volatile locals
// kept, callee-saved registers as at setjmp; sigsetjmp without saving the mask.
// variants: -O0 | -O2 | -O3 -march=x86-64 | -O3 -march=x86-64-v3
// libc: glibc | musl
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static jmp_buf env, outer;
__attribute__((noinline, noreturn)) static void dive(int depth, int value) {
  volatile char pad[100];
  pad[depth % 100] = depth;
  if (depth == 0) longjmp(env, value);
  dive(depth - 1, value + pad[0] * 0);
  abort();
}

enum error { OK, SYNTAX, RANGE, DEPTH };
static jmp_buf failure;
static const char *input;
static int nesting;
static int expression(void) {
  if (++nesting > 20) longjmp(failure, DEPTH);
  int value = 0, sign = 1;
  if (*input == '-') sign = -1, input++;
  if (*input == '(') {
    input++;
    value = expression();
    if (*input++ != ')') longjmp(failure, SYNTAX);
  } else if (*input >= '0' && *input <= '9') {
    while (*input >= '0' && *input <= '9') {
      value = value * 10 + *input++ - '0';
      if (value > 9999) longjmp(failure, RANGE);
    }
  } else {
    longjmp(failure, SYNTAX);
  }
  value *= sign;
  if (*input == '+') input++, value += expression();
  nesting--;
  return value;
}

int main(void) {
  volatile int kept = 5;
  int r = setjmp(env);
  if (r == 0) {
    kept = 6;
    dive(200, 42);
  }
  printf("returned %d, volatile %d\n", r, kept);
  r = setjmp(env);
  if (r == 0) longjmp(env, 0);
  printf("longjmp of 0 gives %d\n", r);
  volatile int count = 0;
  if (setjmp(env) < 1000) longjmp(env, ++count);
  printf("jumps %d\n", count);
  if (setjmp(outer) == 0) {
    if (setjmp(env) == 0) longjmp(env, 1);
    printf("inner\n");
    longjmp(outer, 2);
  } else {
    printf("outer\n");
  }
  static const char *const texts[] = {"1+2+3", "-(4+5)+20", "(1", "99999", "((((((((((((((((((((((1))))", "7+", "-3+-4", "(((12)))"};
  for (int i = 0; i < 8; i++) {
    input = texts[i], nesting = 0;
    int e = setjmp(failure);
    if (e == OK) printf("%s = %d\n", texts[i], expression());
    else printf("%s: error %d at offset %d\n", texts[i], e, (int)(input - texts[i]));
  }
  sigset_t set, now;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigjmp_buf s;
  for (int save = 0; save < 2; save++) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (sigsetjmp(s, save) == 0) {
      sigprocmask(SIG_BLOCK, &set, NULL);
      siglongjmp(s, 1);
    }
    sigprocmask(SIG_BLOCK, NULL, &now);
    printf("save %d: blocked %d\n", save, sigismember(&now, SIGUSR1));
  }
  return 0;
}
