// Products of matrices of doubles: packed arithmetic, strided loads, no result ever inexact.
#include <stdio.h>
#include <stdlib.h>

#define N 300
static double a[N][N], b[N][N], c[N][N];

int main(int argc, char **argv)
{
    int rows = (argc > 1 ? atof(argv[1]) : 1) * 25 * N;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = i + j;
            b[i][j] = i - j;
        }
    for (int row = 0; row < rows; row++)
        for (int i = row % N, j = 0; j < N; j++) {
            double sum = 0;
            for (int k = 0; k < N; k++) sum += a[i][k] * b[k][j];
            c[i][j] = sum;
        }
    printf("%f\n", c[(rows - 1) % N][10]);
}
