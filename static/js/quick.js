/* The quick register: without a network the words stay and the page says so; after success the draft ends.
   Everything works without this file. */
(function () {
  'use strict';
  var d = document, house = window.Liaison || {}, form = d.querySelector('form[data-quick]');

  if (d.querySelector('[data-quick-done]') && house.store) {
    house.store.removeItem('draft:quick');
    if (form && !d.getElementById('err')) form.reset();
  }
  if (!form) return;

  var files = form.querySelector('input[type="file"]'), shown = form.querySelector('[data-files]'), empty = shown && shown.textContent;
  if (files && shown) files.addEventListener('change', function () {
    shown.textContent = files.files.length ? files.files.length + ' 张' : empty;
  });

  /* A browser that cannot reach us would show its own error page and take the form away: ask first. */
  var going = false;
  form.addEventListener('submit', function (e) {
    if (going) return;
    e.preventDefault();
    var button = e.submitter;
    fetch('/healthz', { method: 'GET', cache: 'no-store', credentials: 'omit' }).then(function (answer) {
      if (!answer.ok) throw new Error('down');
      going = true;
      if (form.requestSubmit) form.requestSubmit(button || undefined); else form.submit();
    }).catch(function () {
      var strip = d.getElementById('net'), words = '没有连上网，还没有登记。写的还在，有网再按一次。';
      if (strip) { strip.hidden = false; strip.querySelector('span').textContent = words; }
      if (house.say) house.say(words);
    });
  });
  window.addEventListener('pageshow', function () { going = false; });
})();
