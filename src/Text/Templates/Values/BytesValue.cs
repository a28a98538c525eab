namespace AkkaCp.Text.Templates;

/// <summary>Python's bytes: what the method encode of a text gives.</summary>
internal sealed class BytesValue(byte[] bytes) : TemplateValue
{
    public byte[] Bytes => bytes;

    public override string TypeName => "bytes";

    public override bool IsTruthy => bytes.Length > 0;
}
