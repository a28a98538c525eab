namespace AkkaCp.Model.Ending;

/// <summary>A token that ends an answer.</summary>
/// <param name="Id">Token id.</param>
/// <param name="Text">Its text; empty for an id of the model that the tokenizer has no token for.</param>
/// <param name="Sources">What says so: files, or the template's turns. At least one.</param>
public sealed record EndToken(int Id, string Text, IReadOnlyList<string> Sources);
