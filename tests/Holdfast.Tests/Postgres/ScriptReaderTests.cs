using System.Text;
using Holdfast.Components.Postgres.LogicalDump;
using Holdfast.Components.Postgres.Scripts;
using Xunit;

namespace Holdfast.Tests.Postgres;

public sealed class ScriptReaderTests
{
    [Theory]
    [InlineData("SELECT 1; SELECT 2;", 2)]
    [InlineData("-- a; comment\n\n/* one; /* in; */ another; */ SELECT 1;\n", 1)]
    [InlineData("SELECT 'a;''b;', E'c\\';d', \"e;\"\"f\", U&'g;';SELECT 2;", 2)]
    [InlineData("SELECT 'a\\'; SELECT 'b;';", 2)]
    [InlineData("DO $$ BEGIN; END $$; DO $a_1$ ; $$ ; $a_1$; SELECT a$1;$b FROM t;", 4)]
    [InlineData("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);\nSELECT 3;", 2)]
    [InlineData("CREATE FUNCTION public.begin() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3;", 2)]
    [InlineData("CREATE OR REPLACE PROCEDURE p(a text DEFAULT 'begin') LANGUAGE sql BEGIN ATOMIC SELECT 1; END;\nBEGIN; SELECT 1; COMMIT;", 4)]
    [InlineData("SELECT 1;\n-- the end", 1)]
    [InlineData("", 0)]
    public async Task A_script_is_cut_where_its_statements_end(string script, int statements)
    {
        foreach (var chunk in new[] { 1, 3, 1000 }) Assert.Equal(statements, (await ReadAsync(script, chunk)).Count);
    }

    [Fact]
    public async Task Every_byte_but_those_of_fences_is_in_one_statement_and_lines_are_counted()
    {
        const string Script = "\n-- x\nSELECT\n'é\n';";
        var statement = Assert.Single(await ReadAsync(Script, 2));
        Assert.Equal(3, statement.Line);
        Assert.Equal(Script, Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(statement.Text)));
    }

    [Theory]
    [InlineData("\\! id\nSELECT 1;")]
    [InlineData("SELECT 1; \\! id\n")]
    [InlineData("SELECT 1\n\\g |id\n")]
    [InlineData("\\restrict abc\n\\unrestrict abc\n\\! id\n")]
    [InlineData("\\restrict abc def\n")]
    [InlineData("\\restrict abc; \\! id\n")]
    [InlineData("\\connect template1\n")]
    [InlineData("SELECT 'a' \\; SELECT 2;")]
    public async Task Commands_of_psql_are_refused(string script)
    {
        foreach (var chunk in new[] { 1, 1000 }) await Assert.ThrowsAsync<BackslashCommandException>(() => ReadAsync(script, chunk));
    }

    [Fact]
    public async Task The_fences_of_old_points_are_passed_over_but_not_within_a_text()
    {
        var read = await ReadAsync("-- dump\n\\restrict aB9\n\nSELECT '\n\\restrict aB9\n';\n\\unrestrict aB9\n\n", 5);
        Assert.Contains("\\restrict aB9", Assert.Single(read).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SELECT 'a;")]
    [InlineData("SELECT 1")]
    [InlineData("SELECT $$ ;")]
    [InlineData("/* ")]
    public async Task A_script_that_ends_within_a_statement_is_refused(string script) => await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(script, 4));

    [Theory]
    [InlineData("--\n-- dump\n--\n\n\\restrict k3Y\n\nSET x = 1;\n\\restrict other\n'\n\\unrestrict other\n\\unrestrict k3Y\n\n", "--\n-- dump\n--\n\n\nSET x = 1;\n\\restrict other\n'\n\\unrestrict other\n\n")]
    [InlineData("SELECT 1;\n\\restrict k\n\\unrestrict k\n", "SELECT 1;\n\\restrict k\n\\unrestrict k\n")]
    [InlineData("-- x\n\\restrict k\n\\unrestrict k", "-- x\n")]
    [InlineData("", "")]
    public async Task A_dump_loses_its_own_two_fences_and_nothing_else(string dump, string kept)
    {
        foreach (var chunk in new[] { 1, 7, 1000 })
        {
            await using var filter = new FenceFilter(new Slow(Encoding.UTF8.GetBytes(dump), chunk));
            using var copy = new MemoryStream();
            await filter.CopyToAsync(copy, TestContext.Current.CancellationToken);
            Assert.Equal(kept, Encoding.UTF8.GetString(copy.ToArray()));
        }
    }

    private static async Task<List<ScriptStatement>> ReadAsync(string script, int chunk)
    {
        var reader = new ScriptReader(new Slow(Encoding.UTF8.GetBytes(script), chunk));
        var all = new List<ScriptStatement>();
        while (await reader.NextAsync(TestContext.Current.CancellationToken) is { } statement) all.Add(statement);
        return all;
    }

    /// <summary>Delivers a few bytes at a time.</summary>
    private sealed class Slow(byte[] content, int chunk) : MemoryStream(content)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..Math.Min(chunk, buffer.Length)], cancellationToken);
    }
}
