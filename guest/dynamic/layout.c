// Where a position-independent program, its dynamic linker and its libraries lie, by the auxiliary vector, the linker's own list,
// and /proc/self/maps (getauxval(3), dl_iterate_phdr(3), proc_pid_maps(5)): each loadable segment is mapped with its protection,
// its offset and its file's inode; RELRO is read-only; heap and stack have their names.
// libc: shared
// libs: -lm
#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

extern char _start[], _end[];

struct area {
  unsigned long start, end, offset, inode;
  unsigned major, minor;
  char flags[5], name[256];
};
static struct area areas[128];
static int count;

static void read_maps(void) {
  char line[512];
  FILE *maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps)) {
    struct area *a = &areas[count++];
    a->name[0] = 0;
    int fields = sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %255[^\n]", &a->start, &a->end, a->flags, &a->offset, &a->major,
                        &a->minor, &a->inode, a->name);
    if (fields < 7) printf("a line of another form: %s", line);
    if (count > 1 && a->start < a[-1].end) puts("areas overlap");
    if (fields == 8 && strchr(line, a->name[0] == '[' ? '[' : '/') - line != 73 && a->end >> 48 == 0) puts("names are not aligned");
  }
  fclose(maps);
}

static struct area *at(unsigned long address) {
  for (int i = 0; i < count; i++)
    if (areas[i].start <= address && address < areas[i].end) return &areas[i];
  return NULL;
}

static const char *base(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static int show(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  (void)data;
  if (strstr(info->dlpi_name, "vdso") || (info->dlpi_name[0] == 0 && info->dlpi_addr == 0)) return 0;
  unsigned long relro = 0, relro_end = 0;
  const char *name = info->dlpi_name[0] ? base(info->dlpi_name) : "the program";
  int loads = 0, mapped = 0, from_file = 0, protected = 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    if (p->p_type == PT_GNU_RELRO) {
      relro = info->dlpi_addr + p->p_vaddr;
      relro_end = (relro + p->p_memsz) & -4096ul;
    }
  }
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    if (p->p_type != PT_LOAD) continue;
    loads++;
    unsigned long start = info->dlpi_addr + p->p_vaddr, last = start + p->p_filesz - 1;
    struct area *a = at(last);
    if (a == NULL) continue;
    mapped++;
    struct stat file;
    if (stat(a->name, &file) == 0 && file.st_ino == a->inode && major(file.st_dev) == a->major && minor(file.st_dev) == a->minor &&
        a->offset + (last - a->start) == p->p_offset + p->p_filesz - 1)
      from_file++;
    char flags[] = "---p";
    if (p->p_flags & PF_R) flags[0] = 'r';
    if (p->p_flags & PF_W) flags[1] = 'w';
    if (p->p_flags & PF_X) flags[2] = 'x';
    if (strcmp(a->flags, flags) == 0) protected++;
  }
  printf("%s: all segments mapped %d, from its file %d, protected as they say %d\n", name, mapped == loads, from_file == loads,
         protected == loads);
  if (relro_end > relro) printf("%s: RELRO is %s\n", name, at(relro)->flags);
  return 0;
}

int main(int argc, char **argv) {
  (void)argv;
  char local;
  void *heap = malloc(100);
  volatile double one = sin(argc) * 0 + 1;
  read_maps();
  unsigned long linker = getauxval(AT_BASE), entry = getauxval(AT_ENTRY), phdr = getauxval(AT_PHDR);
  printf("entry is _start %d\n", entry == (unsigned long)_start);
  printf("headers at the program's begin %d\n", phdr == at(phdr)->start + sizeof(ElfW(Ehdr)) && at(phdr)->offset == 0);
  printf("linker: %.9s at its begin %d, where it says %d\n", base(at(linker)->name), at(linker)->offset == 0,
         linker == _r_debug.r_ldbase);
  printf("program below the linker %d, linker below the stack %d\n", entry < linker, linker < (unsigned long)&local);
  printf("libraries below the linker %d\n", (unsigned long)printf < linker && (unsigned long)sin < linker && one == 1);
  printf("heap %s, behind the program %d\n", at((unsigned long)heap)->name, (unsigned long)heap > (unsigned long)_end);
  printf("stack %s %s\n", at((unsigned long)&local)->name, at((unsigned long)&local)->flags);
  for (struct link_map *map = _r_debug.r_map; map; map = map->l_next)
    if (strstr(map->l_name, "vdso") == NULL) printf("loaded: %s\n", map->l_name[0] ? base(map->l_name) : "the program");
  dl_iterate_phdr(show, NULL);
  return 0;
}
