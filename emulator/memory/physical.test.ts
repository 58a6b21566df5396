import { describe, expect, it } from 'vitest';
import { PAGE_SIZE } from './layout.ts';
import { CHUNK_FRAMES, OutOfFrames, PhysicalMemory } from './physical.ts';

const MEGABYTE = 1 << 20;

describe('frames', () => {
  it('are zeros when they are handed out, whatever they held', () => {
    const physical = new PhysicalMemory(4 * MEGABYTE);
    const first = physical.alloc();
    physical.u8.fill(7, first * PAGE_SIZE, (first + 1) * PAGE_SIZE);
    physical.unref(first);
    expect(physical.alloc()).toBe(first);
    expect(physical.u8.subarray(first * PAGE_SIZE, (first + 1) * PAGE_SIZE).every((byte) => byte === 0)).toBe(true);
  });

  it('of a chunk lie side by side, at a multiple of its size, and are nobody else’s', () => {
    const physical = new PhysicalMemory(16 * MEGABYTE);
    physical.alloc();
    const chunk = physical.reserve();
    const last = physical.allocIn(chunk, CHUNK_FRAMES - 1);
    const first = physical.allocIn(chunk, 0);
    expect(first % CHUNK_FRAMES).toBe(0);
    expect(last).toBe(first + CHUNK_FRAMES - 1);
    const others = Array.from({ length: 2 * CHUNK_FRAMES }, () => physical.alloc());
    expect(others.filter((frame) => frame >= first && frame <= last)).toEqual([]);
    // One that is in use is not given twice, one that was freed is given again.
    expect(physical.allocIn(chunk, 0)).toBe(-1);
    physical.unref(first);
    expect(physical.allocIn(chunk, 0)).toBe(first);
  });

  it('of a chunk are a chunk again, or anybody’s, when all of them are free', () => {
    const physical = new PhysicalMemory(16 * MEGABYTE);
    const chunk = physical.reserve();
    const first = physical.allocIn(chunk, 0);
    physical.unref(first);
    expect(physical.isReserved(chunk)).toBe(false);
    const second = physical.reserve();
    expect(second).not.toBe(chunk);
    expect(physical.allocIn(second, 0)).toBe(first);
    physical.unref(first);
    const frames = Array.from({ length: CHUNK_FRAMES }, () => physical.alloc());
    expect(frames.includes(first)).toBe(true);
  });

  it('that a chunk does not use are not missing when memory is short', () => {
    const physical = new PhysicalMemory(8 * MEGABYTE);
    const chunks: number[] = [];
    for (let chunk = physical.reserve(); chunk !== 0; chunk = physical.reserve()) {
      chunks.push(chunk);
      physical.allocIn(chunk, 3);
    }
    expect(chunks.length).toBeGreaterThan(0);
    const seen = new Set<number>();
    while (physical.allocated < physical.limit) seen.add(physical.alloc());
    expect(seen.size).toBe(physical.limit - chunks.length);
    expect(chunks.some((chunk) => physical.isReserved(chunk))).toBe(false);
    expect(() => physical.alloc()).toThrow(OutOfFrames);
  });

  it('come back from a snapshot with their chunks', () => {
    const physical = new PhysicalMemory(16 * MEGABYTE);
    const chunk = physical.reserve();
    const first = physical.allocIn(chunk, 0);
    const saved = physical.snapshot();
    physical.unref(first);
    for (let n = 0; n < CHUNK_FRAMES; n++) physical.alloc();
    physical.restore(saved);
    expect(physical.allocIn(chunk, 1)).toBe(first + 1);
    physical.unref(first);
    physical.unref(first + 1);
    expect(physical.isReserved(chunk)).toBe(false);
    expect(physical.allocated).toBe(0);
  });
});
