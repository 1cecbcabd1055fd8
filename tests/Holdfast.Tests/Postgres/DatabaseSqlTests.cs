using Holdfast.Components.Postgres.LogicalDump;
using Holdfast.Components.Postgres.Points;
using Xunit;

namespace Holdfast.Tests.Postgres;

public sealed class DatabaseSqlTests
{
    private static readonly DatabaseProperties Plain = new()
    {
        Owner = "own",
        Encoding = "UTF8",
        Collate = "C",
        Ctype = "C",
        Tablespace = "pg_default",
        ConnectionLimit = -1,
        IsTemplate = false,
    };

    [Fact]
    public void Servers_without_locale_providers_are_asked_for_none() =>
        Assert.Equal("CREATE DATABASE \"a\" WITH TEMPLATE = template0 ENCODING = 'UTF8' LC_COLLATE = 'C' LC_CTYPE = 'C'", DatabaseSql.Create("a", Plain));

    [Fact]
    public void Locales_of_icu_and_of_the_server_itself_are_kept()
    {
        Assert.EndsWith("ICU_LOCALE = 'de' ICU_RULES = '&a<b'", DatabaseSql.Create("a", Plain with { LocaleProvider = "i", Locale = "de", IcuRules = "&a<b" }), StringComparison.Ordinal);
        Assert.EndsWith("BUILTIN_LOCALE = 'C.UTF-8'", DatabaseSql.Create("a", Plain with { LocaleProvider = "b", Locale = "C.UTF-8" }), StringComparison.Ordinal);
    }

    [Fact]
    public void Lists_of_names_are_set_name_by_name_and_other_settings_as_one_value()
    {
        var settings = new[] { new DatabaseSetting(null, "search_path", "public, \"Odd, \"\"one\"\"\", \"\""), new DatabaseSetting("r", "a.b", "x, y"), new DatabaseSetting(null, "statement_timeout", "1") };
        Assert.Equal(
            [
                "ALTER DATABASE \"a\" SET \"search_path\" TO 'public', 'Odd, \"one\"', ''",
                "ALTER ROLE \"r\" IN DATABASE \"a\" SET \"a.b\" TO 'x, y'",
            ],
            DatabaseSql.SetUp("a", Plain with { Settings = settings }));
        Assert.Equal(["ALTER DATABASE \"a\" SET \"statement_timeout\" TO '1'"], DatabaseSql.Describe("a", Plain with { Settings = settings }).Skip(1));
    }

    [Fact]
    public void Rights_that_were_passed_on_are_granted_by_who_passed_them_on()
    {
        var grants = new[] { new DatabaseGrant("r", null, "CONNECT", false), new DatabaseGrant("own", "r", "CONNECT", true) };
        Assert.Equal(
            [
                "REVOKE ALL ON DATABASE \"a\" FROM PUBLIC",
                "REVOKE ALL ON DATABASE \"a\" FROM \"own\"",
                "GRANT CONNECT ON DATABASE \"a\" TO \"r\" WITH GRANT OPTION",
                "SET SESSION AUTHORIZATION \"r\"",
                "GRANT CONNECT ON DATABASE \"a\" TO PUBLIC",
                "RESET SESSION AUTHORIZATION",
            ],
            DatabaseSql.Describe("a", Plain with { Grants = grants }).Skip(1));
    }
}
