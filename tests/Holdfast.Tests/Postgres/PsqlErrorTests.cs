using Holdfast.Components.Postgres;
using Xunit;

namespace Holdfast.Tests.Postgres;

public sealed class PsqlErrorTests
{
    [Fact]
    public void Complaints_are_read_with_line_state_and_message_and_notices_are_not()
    {
        const string Errors = """
            psql:<stdin>:7: ERROR:  42710: role "postgres" already exists
            LOCATION:  CreateRole, user.c:361
            psql:<stdin>:8: NOTICE:  42P07: relation "a" already exists, skipping
            psql:<stdin>:9: WARNING:  55000: wal_level is insufficient
            HINT:  ERROR is a word here.
            psql:<stdin>:12: error: invalid command \restrict
            psql:<stdin>:14: FATAL:  57P01: terminating connection due to administrator command
            """;
        Assert.Equal(
            [(7, "42710"), (12, ""), (14, "57P01")],
            PsqlError.ReadAll(Errors).Select(error => (error.Line, error.State)));
        Assert.Equal("role \"postgres\" already exists [42710]", PsqlError.ReadAll(Errors)[0].ToString());
    }

    [Fact]
    public void Errors_in_another_language_are_errors() =>
        Assert.Equal("42P06", Assert.Single(PsqlError.ReadAll("psql:<stdin>:3: FEHLER:  42P06: Schema »public« existiert bereits\n")).State);
}
