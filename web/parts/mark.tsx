/** The product's mark, so many pixels wide. */
export const Mark = ({ size }: { readonly size: number }) => (
  <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
    <circle cx="8" cy="8" r="7.5" fill="#0b7285" />
    <path d="M8 3.8V8l3 2" stroke="white" strokeWidth="1.6" strokeLinecap="round" fill="none" />
  </svg>
);
