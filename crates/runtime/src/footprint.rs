//! Memory of the process that is not the program's: what the compiler holds while the program runs beside it.
//!
//! None of this changes what any code can see; it is advice to the system about pages.

/// Advises small pages for the gigabyte around an address that an allocator works in. Huge ones would be filled to a third: such
/// an allocator spreads objects of each size over pages of their own.
pub fn prefer_small_pages(address: usize) {
    const GIGABYTE: usize = 1 << 30;
    let start = std::ptr::with_exposed_provenance_mut(address & !(GIGABYTE - 1));
    // SAFETY: the advice changes the size of pages only. What is not mapped in the range makes it end with an error
    // that says nothing new.
    unsafe { libc::madvise(start, GIGABYTE, libc::MADV_NOHUGEPAGE) };
}
