/** What the other rooms use of the decoder. */
export {
  type DecodeFailure,
  type DecodeResult,
  Decoder,
  decode,
  decoderFor,
  MAX_INSTRUCTION_LENGTH,
} from './decoder.ts';
export { describe, describeMnemonic, describeOperand, registerName } from './describe.ts';
export { formKey } from './form.ts';
