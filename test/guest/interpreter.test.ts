import { declareGuestTests } from './guest.ts';

declareGuestTests('interpreter');
