// Self-modifying code: x86 sees a store to code at once, on the same page and across pages, through an alias, after
// mprotect, and in a loop that patches its own next instruction.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned char *code;
static int call(int offset) { return ((int (*)(void))(code + offset))(); }
static void emit(unsigned char *at, int value) {
  unsigned char f[] = {0xb8, 0, 0, 0, 0, 0xc3};  // mov $value, %eax; ret
  memcpy(f + 1, &value, 4);
  memcpy(at, f, sizeof f);
}

int main(void) {
  code = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int wrong = 0;
  for (int i = 0; i < 300; i++) {
    emit(code + 64, i);
    wrong += call(64) != i;
  }
  printf("same place 300 times: wrong %d\n", wrong);
  // Only the immediate changes, by one byte.
  for (int i = 0; i < 100; i++) {
    code[65] = i;
    wrong += (call(64) & 0xff) != i;
  }
  printf("patched byte: wrong %d\n", wrong);
  // An instruction that lies across the page boundary, patched on either side.
  emit(code + 4094, 0x01020304);
  printf("across: %#x", call(4094));
  code[4095] = 0x55;
  printf(" %#x", call(4094));
  code[4098] = 0x66;
  printf(" %#x\n", call(4094));

  // A loop which rewrites the instruction behind the store: add $1 becomes add $2.
  static const unsigned char loop[] = {
      0x31, 0xc0,                    // xor %eax, %eax
      0xb9, 10, 0, 0, 0,             // mov $10, %ecx
      0xc6, 0x07, 2,                 // movb $2, (%rdi)
      0x83, 0xc0, 1,                 // add $1, %eax: its last byte is what rdi points at
      0xff, 0xc9,                    // dec %ecx
      0x75, 0xf6,                    // jnz movb
      0xc3,
  };
  memcpy(code + 256, loop, sizeof loop);
  printf("patches itself: %d\n", ((int (*)(void *))(code + 256))(code + 256 + 12));

  // Two views of one page.
  unsigned char *w = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  unsigned char *x = mremap(w, 0, 4096, MREMAP_MAYMOVE);
  if (x == MAP_FAILED || mprotect(x, 4096, PROT_READ | PROT_EXEC)) return 1;
  for (int i = 0; i < 5; i++) {
    emit(w, i * 11);
    printf("alias: %d%c", ((int (*)(void))x)(), i < 4 ? ' ' : '\n');
  }
  // Write, then execute, with rights that change as compilers at run time do.
  unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 3; i++) {
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
    emit(page, 100 + i);
    mprotect(page, 4096, PROT_READ | PROT_EXEC);
    printf("W^X: %d%c", ((int (*)(void))page)(), i < 2 ? ' ' : '\n');
  }
  // A child that patches its copy leaves the parent's alone.
  emit(code, 1);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    emit(code, 2);
    _exit(call(0));
  }
  int status;
  waitpid(child, &status, 0);
  printf("child %d parent %d\n", WEXITSTATUS(status), call(0));
  // The kernel writing into code: read(2) from a pipe.
  int p[2];
  unsigned char f[] = {0xb8, 77, 0, 0, 0, 0xc3};
  if (pipe(p) || write(p[1], f, 6) != 6 || read(p[0], code, 6) != 6) return 1;
  printf("read into code: %d\n", call(0));
  // A mapping replaced under the same address.
  mmap(code, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  emit(code, 9);
  printf("remapped: %d\n", call(0));
  return 0;
}
