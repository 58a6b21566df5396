// What ordinary programs do all day: a hash table, a red-black-like treap, a heap, a string builder and a small interpreter
// loop over a switch, on pseudo-random data; a checksum of each.
// variants: -O0 | -O2 | -O3 -march=x86-64 | -O3 -march=x86-64-v3
// libc: glibc | musl
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t state = 99;
static uint32_t next(void) { return state = state * 1664525 + 1013904223, state >> 8; }

struct node { uint32_t key, priority; struct node *left, *right; };
static struct node *insert(struct node *t, uint32_t key) {
  if (!t) {
    t = calloc(1, sizeof *t);
    t->key = key, t->priority = next();
    return t;
  }
  if (key == t->key) return t;
  struct node **side = key < t->key ? &t->left : &t->right, *c;
  *side = c = insert(*side, key);
  if (c->priority > t->priority) {
    if (side == &t->left) t->left = c->right, c->right = t;
    else t->right = c->left, c->left = t;
    return c;
  }
  return t;
}
static int walk(struct node *t, uint32_t *last, unsigned *sum) {
  if (!t) return 0;
  int n = walk(t->left, last, sum);
  if (t->key <= *last && *sum) printf("out of order\n");
  *last = t->key, *sum = *sum * 31 + t->key;
  n += 1 + walk(t->right, last, sum);
  free(t);
  return n;
}

static int run(const char *code, const char *in, char *out) {
  static unsigned char tape[300];
  memset(tape, 0, sizeof tape);
  int at = 0, n = 0, steps = 0;
  for (const char *p = code; *p; p++, steps++) {
    int depth = 0;
    switch (*p) {
      case '>': at++; break;
      case '<': at--; break;
      case '+': tape[at]++; break;
      case '-': tape[at]--; break;
      case '.': out[n++] = tape[at]; break;
      case ',': tape[at] = *in ? *in++ : 0; break;
      case '[':
        if (!tape[at])
          do depth += *p == '[' ? 1 : *p == ']' ? -1 : 0, p += depth != 0;
          while (depth);
        break;
      case ']':
        if (tape[at])
          do depth += *p == ']' ? 1 : *p == '[' ? -1 : 0, p -= depth != 0;
          while (depth);
        break;
    }
  }
  out[n] = 0;
  return steps;
}

int main(void) {
  enum { BUCKETS = 256 };
  struct entry { char key[16]; int count; struct entry *next; } *table[BUCKETS] = {0};
  int distinct = 0;
  for (int i = 0; i < 300; i++) {
    char key[16];
    snprintf(key, sizeof key, "k%u", next() % 80);
    unsigned h = 5381;
    for (char *c = key; *c; c++) h = h * 33 + *c;
    struct entry **e = &table[h % BUCKETS];
    while (*e && strcmp((*e)->key, key)) e = &(*e)->next;
    if (!*e) *e = calloc(1, sizeof **e), strcpy((*e)->key, key), distinct++;
    (*e)->count++;
  }
  unsigned sum = 0, longest = 0;
  for (int b = 0; b < BUCKETS; b++) {
    unsigned length = 0;
    for (struct entry *e = table[b]; e; e = e->next) sum = sum * 17 + e->count, length++;
    if (length > longest) longest = length;
  }
  printf("table: %d keys, longest chain %u, sum %u\n", distinct, longest, sum);
  struct node *tree = NULL;
  for (int i = 0; i < 250; i++) tree = insert(tree, next() % 5000);
  uint32_t last = 0;
  unsigned tree_sum = 0;
  int n = walk(tree, &last, &tree_sum);
  printf("tree: %d keys, last %u, sum %u\n", n, last, tree_sum);
  static uint32_t heap[501];
  int size = 0;
  for (int i = 0; i < 200; i++) {
    int at = ++size;
    uint32_t x = next();
    for (; at > 1 && heap[at / 2] > x; at /= 2) heap[at] = heap[at / 2];
    heap[at] = x;
  }
  unsigned heap_sum = 0;
  uint32_t before = 0;
  while (size) {
    uint32_t top = heap[1], x = heap[size--];
    int at = 1, child;
    while ((child = 2 * at) <= size) {
      if (child < size && heap[child + 1] < heap[child]) child++;
      if (heap[child] >= x) break;
      heap[at] = heap[child], at = child;
    }
    heap[at] = x;
    if (top < before) printf("heap out of order\n");
    before = top, heap_sum = heap_sum * 31 + top;
  }
  printf("heap: sum %u\n", heap_sum);
  char *text = NULL;
  size_t length = 0, room = 0;
  for (int i = 0; i < 200; i++) {
    char piece[24];
    int k = snprintf(piece, sizeof piece, "%d,", i * i);
    if (length + k + 1 > room) text = realloc(text, room = room * 2 + 16);
    memcpy(text + length, piece, k + 1), length += k;
  }
  printf("text: %zu bytes, ...%s\n", length, text + length - 20);
  char out[64];
  int steps = run("++++++++[>++++[>++>+++>+++>+<<<<-]>+>+>->>+[<]<-]>>.>---.+++++++..+++.>>.<-.<.+++.------.--------.>>+.", "", out);
  printf("interpreter: %s in %d steps\n", out, steps);
  return 0;
}
