using Holdfast.Components.Postgres.Scripts;
using Xunit;

namespace Holdfast.Tests.Postgres;

public sealed class RoleGrantTests
{
    [Theory]
    [InlineData("GRANT team TO anna GRANTED BY boss;", "GRANT team TO anna")]
    [InlineData("--\n-- Role memberships\n--\n\nGRANT team TO anna WITH ADMIN OPTION GRANTED BY \"the boss\";", "GRANT team TO anna WITH ADMIN OPTION")]
    [InlineData("GRANT \"a\"\"b\" TO \"x GRANTED BY y\";", "GRANT \"a\"\"b\" TO \"x GRANTED BY y\"")]
    [InlineData("GRANT a TO \"x GRANTED BY \"\"y\" GRANTED BY z;", "GRANT a TO \"x GRANTED BY \"\"y\"")]
    public void A_membership_is_known_without_its_grantor(string statement, string plain) => Assert.Equal(plain, RoleGrant.Parse(statement)?.Plain);

    [Theory]
    [InlineData("GRANT ALL ON TABLESPACE t TO anna;")]
    [InlineData("GRANT SET ON PARAMETER p TO anna;")]
    [InlineData("ALTER ROLE team SET x TO 'GRANT a TO b';")]
    public void Rights_are_no_memberships(string statement) => Assert.Null(RoleGrant.Parse(statement));

    [Theory]
    [InlineData("SET SESSION AUTHORIZATION anna;", "anna")]
    [InlineData("--\n-- Name: x; Type: ACL; Schema: public; Owner: app\n--\n\nSET SESSION AUTHORIZATION \"the; boss\";", "\"the; boss\"")]
    [InlineData("RESET SESSION AUTHORIZATION;", null)]
    public void A_session_in_the_name_of_another_is_known(string statement, string? role)
    {
        Assert.True(ScriptStatement.IsAuthorization(statement, out var found));
        Assert.Equal(role, found);
    }

    [Theory]
    [InlineData("SET SESSION AUTHORIZATION anna, DEFAULT;")]
    [InlineData("SET SESSION AUTHORIZATION 'anna';")]
    [InlineData("SET session_authorization = anna;")]
    public void Nothing_else_is(string statement) => Assert.False(ScriptStatement.IsAuthorization(statement, out _));
}
