/** Names of HTML that a narrative may not have, and that a message may repeat: they are no one's data. */

export const NAMED_TAGS: ReadonlySet<string> = new Set(
  (
    'address applet area article aside audio base basefont bdi bdo body button canvas center data datalist details dialog dir embed ' +
    'fieldset figcaption figure font footer form frame frameset head header hgroup html iframe input isindex label legend link main map ' +
    'mark math menu meta meter nav noframes noscript object optgroup option output param picture progress rp rt ruby s script search ' +
    'section select slot source strike style summary svg template textarea time title track u video wbr'
  ).split(' '),
);

export const NAMED_ATTRIBUTES: ReadonlySet<string> = new Set(
  (
    'action aria-hidden aria-label autofocus background checked clear codebase color content contenteditable controls data datetime disabled ' +
    'download draggable enctype face for hidden http-equiv ismap itemprop itemscope itemtype lang label link loading max maxlength media ' +
    'method min noshade onabort onblur onchange onclick oncontextmenu oncopy oncut ondblclick ondrag ondrop onerror onfocus oninput ' +
    'onkeydown onkeypress onkeyup onload onmousedown onmouseenter onmouseleave onmousemove onmouseout onmouseover onmouseup onpaste ' +
    'onreset onresize onscroll onselect onsubmit ontoggle onunload onwheel placeholder readonly required role selected size sizes srcdoc ' +
    'srcset target text usemap xlink:href xmlns:xlink'
  ).split(' '),
);
