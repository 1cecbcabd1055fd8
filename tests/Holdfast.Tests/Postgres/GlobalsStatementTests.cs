using Holdfast.Components.Postgres.LogicalRestore;
using Xunit;

namespace Holdfast.Tests.Postgres;

public sealed class GlobalsStatementTests
{
    [Theory]
    [InlineData("--\n-- Roles\n--\n\nCREATE ROLE shop;", "Role", "shop", true)]
    [InlineData("ALTER ROLE \"a \"\"b\" WITH NOSUPERUSER LOGIN PASSWORD 'SCRAM-SHA-256$4096:x';", "Role", "a \"b", false)]
    [InlineData("ALTER ROLE \"ON\" SET search_path TO 'x', 'ON ROLE y';", "Role", "ON", false)]
    [InlineData("COMMENT ON ROLE shop IS 'it''s';", "Role", "shop", false)]
    [InlineData("SECURITY LABEL FOR dummy ON ROLE shop IS 'x';", "Role", "shop", false)]
    [InlineData("GRANT team TO shop WITH ADMIN OPTION GRANTED BY postgres;", "Membership", "team", false)]
    [InlineData("GRANT \"ON\" TO shop;", "Membership", "ON", false)]
    [InlineData("CREATE TABLESPACE fast OWNER shop LOCATION '/fast';", "Tablespace", "fast", true)]
    [InlineData("GRANT ALL ON TABLESPACE fast TO shop;", "Tablespace", "fast", false)]
    [InlineData("GRANT SET ON PARAMETER work_mem TO shop;", "Parameter", "work_mem", false)]
    [InlineData("SET client_encoding = 'UTF8';", "Session", "", false)]
    [InlineData("SET SESSION AUTHORIZATION shop;", "Session", "", false)]
    [InlineData("DROP ROLE shop;", "Other", "", false)]
    public void A_statement_of_pg_dumpall_is_about_a_role_or_a_tablespace(string text, string subject, string name, bool makes)
    {
        var statement = GlobalsStatement.Of(text);
        Assert.Equal((subject, name, makes), (statement.Subject.ToString(), statement.Name, statement.Makes));
    }

    [Fact]
    public void Attributes_are_words_and_no_part_of_a_literal()
    {
        var statement = GlobalsStatement.Of("ALTER ROLE x WITH NOSUPERUSER CREATEROLE VALID UNTIL 'SUPERUSER' PASSWORD E'REPLICATION\\\\';");
        Assert.Equal(["CREATEROLE"], statement.Powers);
        Assert.Equal(@"REPLICATION\", statement.Words[^1].Text);
    }
}
