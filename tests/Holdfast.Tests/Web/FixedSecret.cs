using Holdfast.Engine.Profiles;

namespace Holdfast.Tests.Web;

/// <summary>A secret that a test knows.</summary>
internal sealed class FixedSecret(string value) : ISecretReader
{
    public Task<string> ReadAsync(ProfileNode reference, CancellationToken cancellation) => Task.FromResult(value);
}
