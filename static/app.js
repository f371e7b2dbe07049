// Enhancement only: every menu, form and page works without this file.
(() => {
  const openMenus = () => document.querySelectorAll('details[data-menu][open]');
  const closeMenu = (menu) => { menu.open = false; menu.querySelector('summary').focus(); };

  document.addEventListener('click', (event) => {
    const target = event.target;
    openMenus().forEach((menu) => { if (!menu.contains(target)) menu.open = false; });

    const choice = target.closest?.('[data-close]');
    if (choice) closeMenu(choice.closest('details[data-menu]'));

    // A link to a confirm page opens the same question as a dialog.
    const link = target.closest?.('a[data-dialog]');
    const dialog = link && document.getElementById(link.dataset.dialog);
    if (dialog && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
      event.preventDefault();
      const menu = link.closest('details[data-menu]');
      if (menu) closeMenu(menu);
      dialog.showModal();
    }

    const copy = target.closest?.('button[data-copy]');
    if (copy) copyLine(copy);
  });

  // As at GitHub: `/` leads to the search, in the header where it is shown, else of the list, else by the link to it.
  const shown = (those) => [...document.querySelectorAll(those)].find((each) => each.checkVisibility());
  const search = () => shown('#global-q, #q') || shown('.AppHeader-searchLink');
  document.addEventListener('keydown', (event) => {
    if (document.documentElement.dataset.shortcuts === 'off') return;
    if (event.key !== '/' || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.target.closest?.('input, textarea, select, [contenteditable], dialog[open]') || !search()) return;
    event.preventDefault();
    search().select?.();
    search().focus();
    if (search().href) search().click();
  });

  document.addEventListener('keydown', (event) => {
    const menu = event.target.closest?.('details[data-menu][open]') || openMenus()[0];
    if (!menu) return;
    if (event.key === 'Escape') closeMenu(menu);
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    const items = [...menu.querySelectorAll('button:not([disabled]), a')];
    const at = items.indexOf(document.activeElement), step = event.key === 'ArrowDown' ? 1 : -1;
    items[(at < 0 && step < 0 ? items.length - 1 : at + step + items.length) % items.length]?.focus();
  });

  // A file may be dropped anywhere on the form that asks for one, not only on the field.
  const fileField = (event) => event.dataTransfer?.types.includes('Files') && event.target.closest?.('form')?.querySelector('input[type=file]');
  ['dragover', 'dragleave', 'drop'].forEach((name) => document.addEventListener(name, (event) => {
    const field = fileField(event);
    if (!field) return;
    event.preventDefault();
    field.classList.toggle('is-dropping', name === 'dragover');
    if (name === 'drop' && event.dataTransfer.files.length) field.files = event.dataTransfer.files;
  }));

  async function copyLine(button) {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    const words = button.querySelector('[role=status]'), before = words.textContent;
    words.textContent = button.dataset.copied;
    setTimeout(() => { words.textContent = before; }, 2000);
  }

  function prepare() {
    document.querySelectorAll('a[data-dialog]').forEach((link) => link.setAttribute('aria-haspopup', 'dialog'));
    // Browsers offer the clipboard to https and this machine only.
    if (navigator.clipboard) document.querySelectorAll('button[data-copy][hidden]').forEach((button) => { button.hidden = false; });
  }
  prepare();
  // A bar that is wider than a phone begins at the tab one is on.
  document.querySelectorAll('nav [aria-current="page"]').forEach((link) => {
    const bar = [link.closest('ul'), link.closest('nav')].find((box) => box && box.scrollWidth > box.clientWidth);
    if (bar) bar.scrollLeft += link.getBoundingClientRect().right - bar.getBoundingClientRect().right + 16;
  });
  document.addEventListener('htmx:afterSettle', prepare);

  // What a part that renews itself has to say is said once, where a screen reader already listens: not with every look.
  const words = () => document.querySelector('[data-say]')?.dataset.say;
  let said = words();
  document.addEventListener('htmx:afterSettle', () => {
    if (!words() || words() === said) return;
    said = words();
    document.getElementById('said').textContent = said;
  });

  // A part that renews itself keeps the focus: htmx finds what has an id; if that is gone, its heading takes it.
  let held = '';
  document.addEventListener('htmx:beforeSwap', (event) => {
    held = event.target.contains(document.activeElement) ? event.target.id : '';
  });
  document.addEventListener('htmx:afterSettle', () => {
    const part = held && document.getElementById(held);
    held = '';
    if (!part || part.contains(document.activeElement)) return;
    const heading = part.querySelector('h2');
    heading.tabIndex = -1;
    heading.focus({preventScroll: true});
  });
})();
