/* Enhancement only: every page works without this file.
   Reading size without a reload, draft autosave, character count, connection strip, no double submit. */
(function () {
  'use strict';
  var d = document, root = d.documentElement, words = root.dataset, store;
  try { store = window.localStorage; store.setItem('_t', '1'); store.removeItem('_t'); } catch (e) { store = null; }

  /* the page's one polite live region; other scripts call Liaison.say */
  function say(text) {
    var region = d.getElementById('live');
    if (!region) return;
    region.textContent = '';
    setTimeout(function () { region.textContent = text; }, 60);
  }

  /* reading size: the server sets the cookie, this only spares the reload */
  var SIZES = ['标准字号', '大字', '特大字', '超大字'];
  d.addEventListener('submit', function (e) {
    var form = e.target;
    if (!form.hasAttribute('data-size-form')) return;
    e.preventDefault();
    var size = (parseInt(words.size || '0', 10) + 1) % 4;
    if (size) words.size = size; else delete words.size;
    fetch(form.action, { method: 'POST', credentials: 'same-origin', redirect: 'manual', body: new URLSearchParams({ size: size }) })
      .catch(function () {});
    d.querySelectorAll('[data-size-form] button').forEach(function (button) {
      button.value = (size + 1) % 4;
      button.setAttribute('aria-label', '大字，现在是' + SIZES[size]);
    });
    say(SIZES[size]);
  });

  /* connection strip: hides and shows only; the request that fails decides */
  function net() {
    var strip = d.getElementById('net');
    if (strip && !strip.hasAttribute('data-fixed')) strip.hidden = navigator.onLine !== false;
  }
  window.addEventListener('online', net);
  window.addEventListener('offline', net);
  net();

  /* drafts: a form with data-draft="name" keeps its fields marked data-keep in this device; never name or phone */
  function clock(at) { return at.getHours() + ':' + ('0' + at.getMinutes()).slice(-2); }

  function restore(form, saved) {
    form.querySelectorAll('[data-keep]').forEach(function (field) {
      if (!(field.name in saved)) return;
      if (field.type === 'radio' || field.type === 'checkbox') {
        var chosen = form.querySelector('[name="' + field.name + '"][checked]');
        if (!chosen) field.checked = [].concat(saved[field.name]).indexOf(field.value) >= 0;
      } else if (!field.value) field.value = saved[field.name];
    });
  }

  function collect(form) {
    var kept = {};
    form.querySelectorAll('[data-keep]').forEach(function (field) {
      if (field.type === 'checkbox') { if (field.checked) (kept[field.name] = kept[field.name] || []).push(field.value); }
      else if (field.type !== 'radio' || field.checked) kept[field.name] = field.value;
    });
    return kept;
  }

  function keep(form) {
    var key = 'draft:' + form.getAttribute('data-draft'), timer;
    try {
      var old = JSON.parse(store.getItem(key) || '{}');
      if (old.v) restore(form, old.v);
    } catch (e) { store.removeItem(key); }
    function save() {
      var now = new Date();
      try { store.setItem(key, JSON.stringify({ v: collect(form), t: now.getTime() })); } catch (e) { return; }
      var line = form.querySelector('[data-saved]');
      if (line) { line.hidden = false; line.querySelector('[data-saved-at]').textContent = '已存在这部手机里 ' + clock(now); }
    }
    form.addEventListener('input', function () { clearTimeout(timer); timer = setTimeout(save, 600); });
    form.addEventListener('change', save);
  }
  if (store) {
    d.querySelectorAll('form[data-draft]').forEach(keep);
    /* a page that follows success names the drafts it ends: <body data-draft-done="intake-1 intake-2"> */
    (d.body.getAttribute('data-draft-done') || '').split(' ').forEach(function (name) { if (name) store.removeItem('draft:' + name); });
  }

  /* character count: spoken only near the limit */
  d.querySelectorAll('[data-count]').forEach(function (field) {
    var out = d.getElementById(field.getAttribute('data-count')), max = field.maxLength;
    if (!out || max < 0) return;
    function update() {
      out.textContent = field.value.length + ' / ' + max + ' 字';
      if (max - field.value.length === 20) say('还可以写 20 个字');
    }
    field.addEventListener('input', update);
    update();
  });

  /* photos chosen with the add tile: say how many, the input itself is unseen */
  d.addEventListener('change', function (e) {
    var tile = e.target.type === 'file' && e.target.closest('.add, .filebtn'), word = tile && tile.querySelector('[data-files]');
    if (!word) return;
    if (!word.dataset.files) word.dataset.files = word.textContent;
    word.textContent = e.target.files.length ? '已选 ' + e.target.files.length + ' 张' : word.dataset.files;
  });

  /* one submit per page: the second press within five seconds is dropped, the button says what happens */
  d.addEventListener('submit', function (e) {
    var form = e.target;
    if (e.defaultPrevented || form.method !== 'post' || form.hasAttribute('data-again')) return;
    if (form.dataset.sent && Date.now() - form.dataset.sent < 5000) { e.preventDefault(); return; }
    form.dataset.sent = Date.now();
    var button = e.submitter;
    if (button && button.classList.contains('btn')) {
      var label = button.lastChild && button.lastChild.nodeType === 3 ? button.lastChild : null, before = label && label.data;
      if (label) label.data = '正在提交…';
      setTimeout(function () { if (label) label.data = before; }, 5000);
    }
  });
  window.addEventListener('pageshow', function () {
    d.querySelectorAll('form[data-sent]').forEach(function (form) { delete form.dataset.sent; });
  });

  /* errors: the summary takes the focus; print and copy buttons */
  var summary = d.getElementById('err');
  if (summary) summary.focus();
  d.addEventListener('click', function (e) {
    if (e.target.closest && e.target.closest('[data-print]')) window.print();
  });

  window.Liaison = { say: say, store: store, clock: clock };
})();
