/**
 * Access to guest memory from the kernel (uaccess.h): by page, through the page tables, faulting pages in as the guest's own
 * access would.
 */

/** A bad guest pointer. Caught in one place, where syscalls return, as EFAULT. */
export class UserFault extends Error {
  readonly address: number;
  constructor(address: number) {
    super(`bad guest address 0x${address.toString(16)}`);
    this.address = address;
  }
}
