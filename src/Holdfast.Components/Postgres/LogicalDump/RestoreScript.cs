using System.Text;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Scripts;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>
/// Scripts for psql that are part of the dump: with them, restic and psql restore a database without Holdfast.
/// </summary>
internal static class RestoreScript
{
    public static string Sequences(DatabaseContents contents)
    {
        var script = new StringBuilder("SET standard_conforming_strings = on;\n").Append(Text(contents));
        foreach (var sequence in contents.Sequences)
        {
            script.Append($"SELECT {SetValue(sequence)};\n");
        }
        return script.ToString();
    }

    public static string SetValue(SequenceEntry sequence) =>
        $"pg_catalog.setval({Sql.Literal(Sql.Qualified(sequence.Schema, sequence.Name))}, {sequence.LastValue}, {(sequence.IsCalled ? "true" : "false")})";

    public static string Database(DatabaseContents contents)
    {
        var script = new StringBuilder(Head(contents));
        script.Append(DatabaseSql.Create(contents.Name, contents.Properties)).Append(";\n");
        foreach (var statement in DatabaseSql.SetUp(contents.Name, contents.Properties))
            script.Append(statement).Append(";\n");
        script.Append($"\\connect -reuse-previous=on {ConnectionWord(contents.Name)}\n");
        script.Append("SET standard_conforming_strings = on;\nSET client_min_messages = warning;\nSET default_transaction_read_only = off;\n");
        if (!contents.HasPublicSchema) script.Append("DROP SCHEMA public;\n");
        script.Append($"\\i {DumpPath.PreData}\n").Append(Text(contents));
        foreach (var table in contents.Tables)
            AppendCopy(script, table, contents.Properties.Encoding);
        if (contents.LargeObjects > 0) script.Append($"\\i {DumpPath.LargeObjects}\n");
        script.Append($"\\i {DumpPath.Sequences}\n\\i {DumpPath.PostData}\nANALYZE;\n");
        foreach (var statement in DatabaseSql.Describe(contents.Name, contents.Properties))
            script.Append(statement).Append(";\n");
        return script.ToString();
    }

    private static string Head(DatabaseContents contents) => $"""
        {Sql.Comment($"Restores the database {contents.Name} with nothing but psql, into a cluster that has no database of this name.")}
        -- psql must be able to read this directory and the one above it. Where both belong to root alone, copy them for postgres, go there, and
        -- put "runuser -u postgres --" before each psql:
        --   cp -a .. ~postgres/dump && chown -R postgres: ~postgres/dump && cd ~postgres/dump/"$(basename "$PWD")"
        -- Roles and tablespaces come first: psql -X -d postgres -f ../globals.sql (that a role exists already does no harm).
        -- Then, in the directory of this file: psql -X -d postgres -v ON_ERROR_STOP=1 -f {DumpPath.Restore}
        SET standard_conforming_strings = on;

        """;

    /// <summary>
    /// Appends a \copy command. It accepts only a single line, so an object whose name has a line break is renamed for
    /// that time.
    /// </summary>
    private static void AppendCopy(StringBuilder script, TableEntry table, string encoding)
    {
        if (!table.Columns.Append(table.Schema).Append(table.Name).Any(name => name.AsSpan().ContainsAny('\n', '\r')))
        {
            script.Append(Copy(table.Qualified, table.Columns, table.File, encoding));
            return;
        }
        var plain = Enumerable.Range(0, table.Columns.Count).Select(number => $"holdfast_column_{number}").ToList();
        foreach (var (column, name) in table.Columns.Zip(plain))
            script.Append($"ALTER TABLE {table.Qualified} RENAME COLUMN {Sql.Identifier(column)} TO {name};\n");
        script.Append("CREATE SCHEMA holdfast_copy;\n");
        script.Append($"ALTER TABLE {table.Qualified} SET SCHEMA holdfast_copy;\n");
        script.Append($"ALTER TABLE holdfast_copy.{Sql.Identifier(table.Name)} RENAME TO holdfast_table;\n");
        script.Append(Copy("holdfast_copy.holdfast_table", plain, table.File, encoding));
        script.Append($"ALTER TABLE holdfast_copy.holdfast_table RENAME TO {Sql.Identifier(table.Name)};\n");
        script.Append($"ALTER TABLE holdfast_copy.{Sql.Identifier(table.Name)} SET SCHEMA {Sql.Identifier(table.Schema)};\n");
        script.Append("DROP SCHEMA holdfast_copy;\n");
        foreach (var (column, name) in table.Columns.Zip(plain))
            script.Append($"ALTER TABLE {table.Qualified} RENAME COLUMN {name} TO {Sql.Identifier(column)};\n");
    }

    private static string Copy(string table, IReadOnlyList<string> columns, string file, string encoding) =>
        $"\\copy {table}{Sql.Columns(columns)} from '{file}' with (encoding '{encoding}')\n";

    /// <summary>
    /// Returns the client_encoding statement. The scripts of pg_dump set the database's encoding; this script is UTF-8,
    /// except for a database whose names are only bytes.
    /// </summary>
    private static string Text(DatabaseContents contents) => $"SET client_encoding = '{contents.Properties.Bytes ?? "UTF8"}';\n";

    /// <summary>
    /// A connection string for \connect: quoted once for libpq and once for psql, which looks for names in double
    /// quotes even within single ones: of four quotes it removes the first and the last, and turns the two between into
    /// one.
    /// </summary>
    private static string ConnectionWord(string database)
    {
        var value = database.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal);
        var word = $"dbname='{value}'".Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)
            .Replace("\"", "\"\"\"\"", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal).Replace("\r", @"\r", StringComparison.Ordinal);
        return $"'{word}'";
    }
}
