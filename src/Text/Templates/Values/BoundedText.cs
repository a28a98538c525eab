using System.Text;

namespace AkkaCp.Text.Templates;

/// <summary>A text that grows up to the rendering's limit and no further.</summary>
internal sealed class BoundedText(RenderBudget budget)
{
    private readonly StringBuilder _text = new();

    public void Append(string text)
    {
        Reserve(text.Length);
        _text.Append(text);
    }

    public void Append(char c, int count = 1)
    {
        Reserve(count);
        _text.Append(c, count);
    }

    public override string ToString() => _text.ToString();

    public StringValue ToValue() => new(_text.ToString());

    private void Reserve(int count)
    {
        budget.Text(count);
        if (_text.Length + (long)count > budget.MaxChars)
            throw new TemplateError($"output is longer than the limit of {budget.MaxChars} characters");
    }
}
