namespace AkkaCp.Text.Templates;

/// <summary>A mistake whose place is not known yet: the node that is being evaluated turns it into a
/// <see cref="TemplateException"/>.</summary>
internal sealed class TemplateError(string reason) : Exception(reason);
