using Holdfast.Components.Files.Certificates;
using Xunit;

namespace Holdfast.Tests.Files.Certificates;

public sealed class FlatYamlTests
{
    [Theory]
    [InlineData("x: &a [ *a ]", "refers to nothing")]
    [InlineData("a: &a { b: { c: *a } }", "refers to nothing")]
    [InlineData("x:\n\ty: 1\n", "tab")]
    [InlineData("x: 1\nx: 2\n", "twice")]
    [InlineData("a: [unclosed", "line ")]
    [InlineData("? [a, b]\n: c\n", "plain word")]
    public void A_file_that_is_no_good_is_a_fault_and_not_the_end(string text, string fault) =>
        Assert.Contains(fault, FlatYaml.Read("server.ssl.key: a.key\n" + text).Fault);

    [Fact]
    public void What_stands_before_a_fault_is_read() =>
        Assert.Equal([("server.ssl.key", "a.key")], FlatYaml.Read("server.ssl.key: a.key\nx: [ *nothing ]").Settings);

    [Theory]
    [InlineData('[', ']')]
    [InlineData('{', '}')]
    public void Brackets_without_end_are_a_fault(char open, char close)
    {
        Assert.NotNull(FlatYaml.Read("x: " + new string(open, 100_000)).Fault);
        Assert.NotNull(FlatYaml.Read("x: " + new string(open, 100_000) + new string(close, 100_000)).Fault);
        Assert.NotNull(FlatYaml.Read(string.Join('\n', Enumerable.Range(0, 1000).Select(depth => new string(' ', depth) + "a:"))).Fault);
    }

    [Fact]
    public void Aliases_of_aliases_end_before_the_memory_does()
    {
        var lines = Enumerable.Range(1, 12).Select(level => $"a{level}: &a{level} [{string.Join(", ", Enumerable.Repeat($"*a{level - 1}", 10))}]");
        Assert.NotNull(FlatYaml.Read("a0: &a0 [x, x]\n" + string.Join('\n', lines)).Fault);
        Assert.NotNull(FlatYaml.Read("x: [" + string.Join(',', Enumerable.Repeat("1", 200_000)) + "]").Fault);
        Assert.NotNull(FlatYaml.Read(new string('k', 100_000) + ":\n  a: 1\n").Fault);
    }

    [Fact]
    public void Anchors_that_are_meant_well_are_read()
    {
        var (settings, fault) = FlatYaml.Read("tls: &tls { certificate: a.crt, key: a.key }\nserver.ssl: *tls\nother.ssl:\n  <<: *tls\n");
        Assert.Null(fault);
        Assert.Contains(("server.ssl.key", "a.key"), settings);
        Assert.Contains(("other.ssl.certificate", "a.crt"), settings);
    }
}
