namespace Holdfast.Engine.Components;

/// <summary>How a restore compares files, and the owners and permissions that it sets.</summary>
/// <param name="TrustTimes">Takes a file of the same size and modify time for unchanged; its content is compared otherwise.</param>
/// <param name="NumericOwner">Restores the numbers of users and groups; otherwise a file is owned by the user with the
/// same name on this machine.</param>
/// <param name="PrivilegedModes">Below a target, restores set-id bits, ACLs, attributes of the system and device nodes, too.</param>
public sealed record FileRules(bool TrustTimes, bool NumericOwner, bool PrivilegedModes)
{
    /// <summary>
    /// Restores what the profile does not select, even if another machine made the point; otherwise a person is asked.
    /// False by default.
    /// </summary>
    public bool Unselected { get; init; }

    /// <summary>Content is compared, owners go by name, and nothing below a target gives rights.</summary>
    public static FileRules Usual { get; } = new(TrustTimes: false, NumericOwner: false, PrivilegedModes: false);
}
