using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Xunit;

namespace Holdfast.Tests.Engine;

public sealed class CommandNodeTests
{
    [Theory]
    [InlineData("{id}", "--config=/tmp/evil.py", false)]
    [InlineData("{id}", "-", false)]
    [InlineData("{id}.json", "-x", false)]
    [InlineData("{id}", "", false)]
    [InlineData("{id}", "a\nb", false)]
    [InlineData("--id={id}", "a\u001b[2J", false)]
    [InlineData("--id={id}", "--config", true)]
    [InlineData("{id}", "4711", true)]
    [InlineData("{id}", "a-b c;$(d)", true)]
    public void A_value_that_came_from_a_row_never_becomes_an_option(string word, string value, bool isGood)
    {
        var profile = ProfileReader.Parse($$"""
            platform: p
            components: { postgres: [ { name: main } ] }
            packages: { failed: "SELECT 1", retry: { run: [tool, "{{word}}"], user: nobody } }
            """, "/p.yaml");
        var node = profile.Root["packages"]["retry"];
        if (isGood) Assert.Equal([word.Replace("{id}", value, StringComparison.Ordinal)], CommandNode.Read(node, ("{id}", value)).Arguments);
        else Assert.Equal("HF-COMMAND-VALUE", Assert.Throws<ProblemException>(() => CommandNode.Read(node, ("{id}", value))).Problem.Code);
    }
}
