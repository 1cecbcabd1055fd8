using System.Text;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Postgres;

public sealed class NamesTests
{
    private const string Run = "2026-11-22T21-04-00Z-1f3c";

    [Theory]
    [InlineData("app")]
    [InlineData("a\nb\"c'd")]
    [InlineData("a-name-that-is-as-long-as-postgres-allows-it-to-be-63-bytes-ok!")]
    [InlineData("éééééééééééééééééééééééééééééé")]
    public void Made_up_names_fit_into_63_bytes_and_differ(string database)
    {
        string[] names = [MadeUpName.Incomplete(database, Run), MadeUpName.Aside(database, Run), MadeUpName.Incomplete(database + "x", Run)];
        Each.Holds(names, name => Assert.InRange(Encoding.UTF8.GetByteCount(name), 1, MadeUpName.Longest));
        Assert.Distinct(names);
    }

    [Fact]
    public void A_database_in_the_making_has_an_ascii_name_of_its_own()
    {
        string[] names = [MadeUpName.Incomplete("größe", Run), MadeUpName.Incomplete("grö_e", Run), MadeUpName.Incomplete(new string('ü', 31), Run), MadeUpName.Incomplete(new string('ü', 30), Run)];
        Each.Holds(names, name => Assert.True(System.Text.Ascii.IsValid(name) && name.Length <= MadeUpName.Longest && MadeUpName.IsIncomplete(name), name));
        Assert.Equal(names.Length, names.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Only_names_that_a_restore_made_up_are_incomplete()
    {
        Assert.True(MadeUpName.IsIncomplete(MadeUpName.Incomplete(new string('x', 63), Run)));
        Assert.False(MadeUpName.IsIncomplete(MadeUpName.Aside("app", Run)));
        Assert.False(MadeUpName.IsIncomplete("app"));
    }

    [Theory]
    [InlineData("public", "plain", "data/public.plain.copy")]
    [InlineData("a.b", "c/../d", "data/a%2Eb.c%2F%2E%2E%2Fd.copy")]
    [InlineData("A", "é", "data/A.%C3%A9.copy")]
    [InlineData("s", "%2E", "data/s.%252E.copy")]
    public void Names_become_file_names_that_can_be_read_back(string schema, string table, string path) => Assert.Equal(path, DumpPath.Table(schema, table));

    [Fact]
    public void Long_names_are_cut_and_stay_apart()
    {
        var first = DumpPath.Table(new string('é', 31), new string('ü', 31) + "a");
        var second = DumpPath.Table(new string('é', 31), new string('ü', 31) + "b");
        Assert.NotEqual(first, second);
        Assert.InRange(Path.GetFileName(first).Length, 1, 255);
    }

    [Fact]
    public void Quotes_in_names_and_values_are_doubled()
    {
        Assert.Equal("\"a\"\"b\".\"c\nd\"", Sql.Qualified("a\"b", "c\nd"));
        Assert.Equal("'it''s \\ so'", Sql.Literal("it's \\ so"));
        Assert.Equal("-- a b", Sql.Comment("a\nb"));
        Assert.Equal("", Sql.Columns([]));
    }
}
