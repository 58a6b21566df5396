// Scalar double arithmetic with divisions and square roots: five bodies that attract each other.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    double x[3], v[3], mass;
} Body;

static Body bodies[5] = {
    {{0, 0, 0}, {0, 0, 0}, 39.47},
    {{4.84, -1.16, -.10}, {.60, 2.81, -.02}, .037},
    {{8.34, 4.12, -.40}, {-1.01, 1.82, .008}, .011},
    {{12.89, -15.11, -.22}, {1.08, .86, -.01}, .0017},
    {{15.37, -25.9, .179}, {.979, .594, -.034}, .002},
};

static void attract(Body *a, Body *b)
{
    double d[3], square = 0;
    for (int k = 0; k < 3; k++) {
        d[k] = a->x[k] - b->x[k];
        square += d[k] * d[k];
    }
    double magnitude = .001 / (square * sqrt(square));
    for (int k = 0; k < 3; k++) {
        a->v[k] -= d[k] * b->mass * magnitude;
        b->v[k] += d[k] * a->mass * magnitude;
    }
}

int main(int argc, char **argv)
{
    int steps = (argc > 1 ? atof(argv[1]) : 1) * 5000000;
    for (int step = 0; step < steps; step++) {
        for (int i = 0; i < 5; i++)
            for (int j = i + 1; j < 5; j++) attract(&bodies[i], &bodies[j]);
        for (int i = 0; i < 5; i++)
            for (int k = 0; k < 3; k++) bodies[i].x[k] += .001 * bodies[i].v[k];
    }
    printf("%.9f %.9f\n", bodies[0].x[0], bodies[4].v[2]);
}
