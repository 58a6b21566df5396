import { declareGuestTests } from './guest.ts';

declareGuestTests('reference');
