// What small processors are measured by: a linked list sorted and searched, small matrices, a state machine over text, and a
// CRC over all results.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
    struct node *next;
    int16_t value, index;
};

static uint16_t crc(uint16_t crc, uint32_t data)
{
    for (int i = 0; i < 32; i++, data >>= 1) crc = (crc ^ data) & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
    return crc;
}

static struct node *merge(struct node *a, struct node *b, int byIndex)
{
    struct node head, *tail = &head;
    while (a && b) {
        int first = byIndex ? a->index <= b->index : a->value <= b->value;
        struct node **from = first ? &a : &b;
        tail = tail->next = *from;
        *from = (*from)->next;
    }
    tail->next = a ? a : b;
    return head.next;
}

static struct node *sort(struct node *list, int byIndex)
{
    if (!list || !list->next) return list;
    struct node *slow = list, *fast = list->next;
    while (fast && fast->next) slow = slow->next, fast = fast->next->next;
    struct node *half = slow->next;
    slow->next = NULL;
    return merge(sort(list, byIndex), sort(half, byIndex), byIndex);
}

enum state { START, INT, FLOAT, EXPONENT, WORD, BAD, STATES };

static void scan(const char *text, uint32_t counts[STATES])
{
    enum state s = START;
    for (; *text; text++) {
        char c = *text;
        if (c == ',') {
            counts[s]++;
            s = START;
            continue;
        }
        switch (s) {
        case START: s = c >= '0' && c <= '9' ? INT : c == '-' || c == '+' ? INT : c == '.' ? FLOAT : WORD; break;
        case INT: s = c >= '0' && c <= '9' ? INT : c == '.' ? FLOAT : c == 'e' ? EXPONENT : BAD; break;
        case FLOAT: s = c >= '0' && c <= '9' ? FLOAT : c == 'e' ? EXPONENT : BAD; break;
        case EXPONENT: s = (c >= '0' && c <= '9') || c == '-' || c == '+' ? EXPONENT : BAD; break;
        default: break;
        }
    }
    counts[s]++;
}

int main(int argc, char **argv)
{
    enum { NODES = 300, SIZE = 24 };
    int rounds = (argc > 1 ? atof(argv[1]) : 1) * 6000;
    static struct node nodes[NODES];
    static int16_t a[SIZE][SIZE], b[SIZE][SIZE];
    static int32_t c[SIZE][SIZE];
    char text[256];
    uint32_t random = 1;
    uint16_t sum = 0;
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < NODES; i++) {
            random = random * 1103515245 + 12345;
            nodes[i] = (struct node){i + 1 < NODES ? &nodes[i + 1] : NULL, random >> 16, i};
        }
        struct node *list = sort(nodes, 0);
        for (struct node *n = list; n; n = n->next)
            if ((n->value & 31) == (round & 31)) sum = crc(sum, n->index);
        list = sort(list, 1);
        sum = crc(sum, list->value);
        for (int i = 0; i < SIZE; i++)
            for (int j = 0; j < SIZE; j++) a[i][j] = i * round + j, b[i][j] = j - i + round;
        for (int i = 0; i < SIZE; i++)
            for (int j = 0; j < SIZE; j++) {
                int32_t s = 0;
                for (int k = 0; k < SIZE; k++) s += a[i][k] * b[k][j];
                c[i][j] = s;
            }
        sum = crc(sum, c[round % SIZE][round / SIZE % SIZE]);
        uint32_t counts[STATES] = {0};
        snprintf(text, sizeof text, "%d,-%d.5,word,%de-%d,1.x,%u,.5e+3,abc", round, round, round, round & 7, random);
        for (int i = 0; i < 4; i++) scan(text, counts);
        for (int i = 0; i < STATES; i++) sum = crc(sum, counts[i]);
    }
    printf("%u\n", sum);
}
