import { declareGuestTests } from './guest.ts';

declareGuestTests('jit');
