/* admin.js: names for the boxes that Select2 draws; it gives the visible box no label of its own. */
(function () {
  'use strict';
  function nameBoxes() {
    document.querySelectorAll('select.admin-autocomplete').forEach(function (select) {
      var label = document.querySelector('label[for="' + select.id + '"]');
      var box = select.nextElementSibling && select.nextElementSibling.querySelector('.select2-selection');
      if (!label || !box) return;
      var words = label.textContent.replace(/[:：*\s]+$/g, '').trim();
      var shown = box.querySelector('.select2-selection__rendered');
      if (shown) shown.setAttribute('aria-label', words);
      box.removeAttribute('aria-labelledby');
      box.setAttribute('aria-label', words + (select.selectedOptions[0] && select.selectedOptions[0].text ? '：' + select.selectedOptions[0].text : ''));
      box.querySelectorAll('input.select2-search__field').forEach(function (field) { field.setAttribute('aria-label', words); });
    });
  }
  document.addEventListener('formset:added', function () { setTimeout(nameBoxes); });
  document.addEventListener('DOMContentLoaded', function () {
    if (!window.django || !window.django.jQuery) return;
    var $ = window.django.jQuery;
    // After Django's own: jQuery calls back in the order of asking.
    $(nameBoxes);
    $(document).on('select2:select select2:unselect', nameBoxes);
    $(document).on('select2:open', function () {
      var field = document.querySelector('.select2-container--open .select2-search__field');
      if (field && !field.getAttribute('aria-label')) field.setAttribute('aria-label', '输入几个字来找');
    });
  });
})();
