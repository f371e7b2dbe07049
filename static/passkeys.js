// Asks the browser for a passkey or a security key, and sends the form with what it answers.
(() => {
  const ready = () => window.PublicKeyCredential && window.webauthnJSON;
  const options = async (form) => {
    if (form.dataset.passkey !== 'login') return JSON.parse(document.getElementById(form.dataset.options).textContent);
    const answer = await fetch(form.action, { headers: { Accept: 'application/json' } });
    if (!answer.ok) throw new Error(`passkey options: ${answer.status}`);
    return answer.json();
  };

  async function ask(form) {
    const given = await options(form);
    if (form.dataset.passkey !== 'create') return webauthnJSON.get(given.request_options);
    const alone = form.elements.passwordless.checked, wanted = given.creation_options;
    Object.assign(wanted.publicKey.authenticatorSelection ??= {}, {
      residentKey: alone ? 'required' : 'discouraged',
      requireResidentKey: alone,
      ...(alone ? { userVerification: 'required' } : {}),
    });
    return webauthnJSON.create(wanted);
  }

  document.addEventListener('DOMContentLoaded', () => {
    if (!ready()) return;
    document.querySelectorAll('form[data-passkey]').forEach((form) => {
      const failed = form.querySelector('[data-passkey-failed]');
      form.hidden = false;
      form.addEventListener('submit', async (event) => {
        event.preventDefault();
        failed.hidden = true;
        try {
          form.elements.credential.value = JSON.stringify(await ask(form));
          form.submit();
        } catch { failed.hidden = false; }
      });
    });
  });
})();
