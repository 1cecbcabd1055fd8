using Holdfast.Components.Postgres;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Postgres;

public sealed class PostgresEncodingTests
{
    [Theory]
    [InlineData("LATIN1", "SELECT E'\\xe9\\xfc'")]
    [InlineData("EUC_JP", "SELECT convert_from('\\xe38182e38184', 'UTF8')")]
    [InlineData("SQL_ASCII", "SELECT E'\\xff\\xfe \\x80'")]
    public async Task Rows_and_names_of_other_encodings_keep_their_bytes(string encoding, string value)
    {
        using var folder = new TempFolder();
        await using var server = await PostgresServer.StartAsync();
        await server.ExecuteAsync("postgres", $"CREATE DATABASE other TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C';");
        await server.ExecuteAsync("other", $"""
            SET client_encoding = '{encoding}'; CREATE TABLE t AS {value}::text AS v;
            DO $$ BEGIN EXECUTE format('CREATE TABLE %I (%1$I int)', (SELECT v FROM t)); END $$;
            """);
        var cluster = new Cluster(server, new FolderDump(folder.Path), new PostgresSettings { Databases = ["other"] });
        var face = await cluster.FaceAsync("other");
        var bytes = await server.QueryAsync("other", "SELECT encode(v::bytea, 'escape') FROM t");
        await cluster.RestoreAsync(await cluster.CaptureAsync(), databases: "other");
        Assert.Equal(face, await cluster.FaceAsync("other"));
        Assert.Equal(bytes, await server.QueryAsync("other", "SELECT encode(v::bytea, 'escape') FROM t"));
    }
}
