// The C library's streams on real files: modes, buffering, seeking, ungetc, append, update streams, tmpfile, remove, freopen,
// the bytes that reach stdout and stderr in order of flushing; stdin as given.
// stdin: first line\nsecond line\nthird without end
// libc: glibc | musl
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  char line[64];
  int n = 0;
  while (fgets(line, sizeof line, stdin)) printf("%d: %s%s", ++n, line, strchr(line, '\n') ? "" : "|\n");
  printf("eof %d error %d\n", !!feof(stdin), !!ferror(stdin));
  fprintf(stderr, "to stderr, unbuffered\n");
  char name[] = "/tmp/guest-XXXXXX";
  close(mkstemp(name));
  FILE *f = fopen(name, "w+");
  for (int i = 0; i < 1000; i++) fprintf(f, "%d\n", i * i);
  printf("position %ld\n", ftell(f));
  fseek(f, -7, SEEK_END);
  int value;
  int got = fscanf(f, "%d", &value);
  printf("scanned %d: %d\n", got, value);
  rewind(f);
  int c = getc(f);
  ungetc('@', f);
  int next = getc(f);
  printf("%c then %c, position %ld\n", c, next, ftell(f));
  fseek(f, 0, SEEK_SET);
  fputs("changed\n", f);
  fflush(f);
  rewind(f);
  printf("%s", fgets(line, sizeof line, f));
  fclose(f);
  f = fopen(name, "a");
  fputs("appended", f);
  printf("append position %ld\n", ftell(f));
  fclose(f);
  f = fopen(name, "r");
  long size = 0;
  unsigned sum = 0;
  while ((c = getc(f)) != EOF) size++, sum = sum * 31 + c;
  printf("size %ld sum %u\n", size, sum);
  errno = 0;
  printf("write to a reader: %d\n", fputc('x', f) == EOF);
  fclose(f);
  char buffer[10];
  f = fopen(name, "r+");
  setvbuf(f, buffer, _IOFBF, sizeof buffer);
  printf("fread %zu\n", fread(line, 5, 3, f));
  fclose(f);
  f = fopen("/nonexistent/x", "r");
  printf("missing: %d\n", f == NULL && errno == ENOENT);
  f = tmpfile();
  fprintf(f, "temporary");
  rewind(f);
  printf("%s\n", fgets(line, sizeof line, f));
  fclose(f);
  int removed = remove(name), again = remove(name);
  printf("remove %d, again %d\n", removed, again);
  fflush(stdout);
  setvbuf(stdout, NULL, _IONBF, 0);
  printf("unbuffered ");
  if (write(1, "raw ", 4) != 4) return 1;
  printf("end\n");
  return 0;
}
