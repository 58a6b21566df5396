// Constructors, destructors and libraries loaded at run time (dlopen(3), dlsym(3), dladdr(3)), thread-local storage of program and
// library in each thread, and what a library not there says.
// libc: shared
// flags: -pthread
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((constructor(101))) static void first(void) { puts("constructor 101"); }
__attribute__((constructor)) static void second(void) { puts("constructor"); }
__attribute__((destructor)) static void last(void) { puts("destructor"); }
static void at_exit(void) { puts("atexit"); }

static __thread int mine = 5;
static __thread char zeros[10000];

static void *thread(void *argument) {
  int before = mine + zeros[9999];
  mine += *(int *)argument;
  zeros[9999] = 1;
  errno = *(int *)argument;
  double (*cosine)(double) = dlsym(RTLD_DEFAULT, "cos");
  printf("thread: %d, then %d, errno %d, cos %s\n", before, mine, errno, cosine ? "global" : "not global");
  return dlopen("libm.so.6", RTLD_NOW | RTLD_GLOBAL);
}

int main(void) {
  atexit(at_exit);
  printf("libm before: %d\n", dlopen("libm.so.6", RTLD_NOW | RTLD_NOLOAD) != NULL);
  void *libm = dlopen("libm.so.6", RTLD_LAZY | RTLD_LOCAL);
  double (*root)(double) = dlsym(libm, "sqrt");
  printf("sqrt: %g\n", root(2.25));
  Dl_info info;
  dladdr(root, &info);
  printf("it is in %s\n", strstr(info.dli_fname, "libm.so.6"));
  printf("not there: %d, ", dlsym(libm, "no_such_function") == NULL);
  puts(strstr(dlerror(), "undefined symbol"));
  printf("no library: %d, ", dlopen("libnothing.so", RTLD_NOW) == NULL);
  puts(dlerror());
  errno = 1;
  for (int i = 10; i <= 20; i += 10) {
    pthread_t id;
    void *handle;
    pthread_create(&id, NULL, thread, &i);
    pthread_join(id, &handle);
    printf("same library %d\n", handle == libm);
  }
  printf("main: %d, errno %d\n", mine + zeros[9999], errno);
  dladdr(main, &info);
  printf("main is in the program: %d\n", info.dli_fbase == (void *)((unsigned long)info.dli_fbase & -4096ul) && info.dli_fname[0] != 0);
  return 0;
}
