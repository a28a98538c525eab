using System.Text.Json.Nodes;
using AkkaCp.Engine.Chat;
using Xunit;

namespace AkkaCp.Engine.Tests.Chat;

public class ParameterValueTests
{
    [Theory]
    [InlineData("""{"type": "string"}""", "3", "\"3\"")]
    [InlineData("""{"type": "string"}""", "null", "\"null\"")]
    [InlineData("""{"type": "string"}""", "true", "\"true\"")]
    [InlineData("""{"type": "string"}""", " {\"a\": 1} ", "\" {\\\"a\\\": 1} \"")]
    [InlineData("""{"type": "string", "enum": ["1", "2"]}""", "1", "\"1\"")]
    [InlineData("""{"enum": ["1", "2"]}""", "1", "\"1\"")]
    [InlineData("""{"enum": [1, 2]}""", "1", "1")]
    [InlineData("""{"enum": ["a", 1, null]}""", "null", "null")]
    [InlineData("""{"const": true}""", "True", "true")]
    [InlineData("{}", "3", "\"3\"")]
    [InlineData("""{"description": "any"}""", "null", "\"null\"")]
    [InlineData("true", "3", "\"3\"")]
    [InlineData("""{"type": "unheard"}""", "3", "\"3\"")]
    [InlineData("""{"type": 7}""", "3", "\"3\"")]
    [InlineData("""{"type": "integer"}""", "3", "3")]
    [InlineData("""{"type": "integer"}""", " -42\n", "-42")]
    [InlineData("""{"type": "integer"}""", "+007", "7")]
    [InlineData("""{"type": "integer"}""", "3.0", "3")]
    [InlineData("""{"type": "integer"}""", "3.5", "3.5")]
    [InlineData("""{"type": "integer"}""", "123456789012345678901234567890", "123456789012345678901234567890")]
    [InlineData("""{"type": "integer"}""", "three", "\"three\"")]
    [InlineData("""{"type": "integer"}""", "", "\"\"")]
    [InlineData("""{"type": "integer"}""", "null", "null")]
    [InlineData("""{"type": "integer"}""", "None", "null")]
    [InlineData("""{"type": "INT"}""", "3", "3")]
    [InlineData("""{"type": "number"}""", "3", "3")]
    [InlineData("""{"type": "number"}""", "2.50", "2.50")]
    [InlineData("""{"type": "number"}""", "1e-3", "1e-3")]
    [InlineData("""{"type": "number"}""", ".5", "0.5")]
    [InlineData("""{"type": "number"}""", "NaN", "\"NaN\"")]
    [InlineData("""{"type": "number"}""", "Infinity", "\"Infinity\"")]
    [InlineData("""{"type": "boolean"}""", "true", "true")]
    [InlineData("""{"type": "boolean"}""", "False", "false")]
    [InlineData("""{"type": "boolean"}""", "0", "false")]
    [InlineData("""{"type": "boolean"}""", "yes", "\"yes\"")]
    [InlineData("""{"type": "null"}""", "null", "null")]
    [InlineData("""{"type": "null"}""", "x", "\"x\"")]
    [InlineData("""{"type": "object"}""", "{\"a\": {\"b\": [1]}}", "{\"a\":{\"b\":[1]}}")]
    [InlineData("""{"type": "object"}""", "{\"a\": 1, \"a\": 2}", "{\"a\":2}")]
    [InlineData("""{"type": "object"}""", "{\"a\": \"\\ud83d\"}", "{\"a\":\"\uFFFD\"}")]
    [InlineData("""{"type": "object"}""", "\"{\\\"a\\\": 1}\"", "{\"a\":1}")]
    [InlineData("""{"type": "object"}""", "{\"a\": ", "\"{\\\"a\\\": \"")]
    [InlineData("""{"type": "object"}""", "[1]", "[1]")]
    [InlineData("""{"type": "object"}""", "{'a': [True, False, None, (1, 2,)], 'it\\'s': 'say \"\\x41\\n\"',}",
        "{\"a\":[true,false,null,[1,2]],\"it's\":\"say \\\"A\\n\\\"\"}")]
    [InlineData("""{"type": "object"}""", "\"{'a': \\\"True\\\"}\"", "{\"a\":\"True\"}")]
    [InlineData("""{"type": "object"}""", "{'a': True", "\"{'a': True\"")]
    [InlineData("""{"type": "array"}""", "['x']", "[\"x\"]")]
    [InlineData("""{"type": "integer"}""", "(1)", "\"(1)\"")]
    [InlineData("""{"properties": {"x": {}}}""", "{\"x\": 1}", "{\"x\":1}")]
    [InlineData("""{"type": "array", "items": {"type": "string"}}""", "[\"a\", \"b\"]", "[\"a\",\"b\"]")]
    [InlineData("""{"items": {"type": "string"}}""", "[]", "[]")]
    [InlineData("""{"type": "array"}""", "a, b", "\"a, b\"")]
    [InlineData("""{"type": ["integer", "null"]}""", "3", "3")]
    [InlineData("""{"type": ["string", "null"]}""", "null", "null")]
    [InlineData("""{"type": ["string", "null"]}""", "None", "null")]
    [InlineData("""{"type": ["string", "null"]}""", "none", "\"none\"")]
    [InlineData("""{"type": ["string", "null"]}""", "3", "\"3\"")]
    [InlineData("""{"type": ["string", "integer"]}""", "3", "3")]
    [InlineData("""{"type": ["string", "integer"]}""", "007", "\"007\"")]
    [InlineData("""{"type": ["string", "integer"]}""", "null", "\"null\"")]
    [InlineData("""{"type": ["string", "boolean"]}""", "1", "\"1\"")]
    [InlineData("""{"type": "string", "nullable": true}""", "null", "null")]
    [InlineData("""{"anyOf": [{"type": "integer"}, {"type": "null"}]}""", "3", "3")]
    [InlineData("""{"anyOf": [{"type": "string"}, {"type": "null"}]}""", "null", "null")]
    [InlineData("""{"oneOf": [{"type": "string"}, {"type": "array"}]}""", "[1, 2]", "[1,2]")]
    [InlineData("""{"oneOf": [{"type": "string"}, {"type": "array"}]}""", "[1, 2", "\"[1, 2\"")]
    [InlineData("""{"allOf": [{"type": "integer"}, {"minimum": 1}]}""", "3", "3")]
    [InlineData("""{"$ref": "#/$defs/count"}""", "3", "3")]
    [InlineData("""{"$ref": "#/$defs/a~1b%20c"}""", "true", "true")]
    [InlineData("""{"$ref": "#/$defs/circle"}""", "3", "3")]
    [InlineData("""{"$ref": "#/$defs/nowhere"}""", "3", "\"3\"")]
    [InlineData("""{"$ref": "https://example.com/s"}""", "3", "\"3\"")]
    public void Value_HasTheTypeThatTheSchemaAllows(string schema, string text, string expected)
    {
        var document = JsonNode.Parse("""
            {"$defs": {"count": {"type": "integer"}, "a/b c": {"type": "boolean"},
             "circle": {"anyOf": [{"$ref": "#/$defs/circle"}, {"$ref": "#/$defs/circle"}, {"type": "integer"}]}}}
            """)!;

        Assert.Equal(expected, Answer.Show(ParameterValue.Read(text, SchemaKinds.Of(JsonNode.Parse(schema), document))));
    }
}
